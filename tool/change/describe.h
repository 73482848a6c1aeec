// A change in words, for --dry-run: the lines that go with '-', those that come with '+'.
#pragma once
#include <string>

#include "tool/change/record.h"

namespace neap {

// Without a newline at its end; empty when no file changes.
std::string describe_change(const Record& record);

// The change that restore() would make. Throws what it would.
std::string describe_restore(const Root& root, Record record);

}  // namespace neap
