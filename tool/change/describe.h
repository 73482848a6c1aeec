// A change in words, for --dry-run: the lines that go with '-', those that come with '+'.
#pragma once
#include <string>

#include "tool/change/journal.h"

namespace neap {

// Without a newline at its end; empty when no file changes.
std::string describe_change(const Entry& entry);

// The change that restore() would make. Throws what it would.
std::string describe_restore(const Root& root, Entry entry);

}  // namespace neap
