// Which allocator a running process has, as far as its mappings tell: for `record --pid` and programs started without
// --allocator. The names are those of the table.
#pragma once
#include <sys/types.h>

#include <optional>

#include "tool/model/allocator.h"

namespace neap {

// Empty when the process cannot be looked into, is static, or has a malloc of its own built in.
std::optional<Allocator> detect_allocator(pid_t pid);

}  // namespace neap
