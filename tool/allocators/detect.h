// Which allocator a running process has, as far as its mappings tell: for `record --pid`, programs started without
// --allocator, and the processes of services. The names are those of the table; a malloc that it does not know has the
// name of its file.
#pragma once
#include <sys/types.h>

#include <optional>

#include "tool/model/allocator.h"

namespace neap {

struct RunningAllocator : Allocator {
  bool replaced = false;  // the process keeps a library whose file was replaced or removed since it started
};

// Empty when the process cannot be looked into, is static, or has a malloc of its own built in.
std::optional<RunningAllocator> detect_allocator(pid_t pid);

// Whether what runs is what was asked for: by the library's file where there is one, so that two versions of an
// allocator are two; else by name.
bool is_same(const Allocator& running, const Allocator& asked);

}  // namespace neap
