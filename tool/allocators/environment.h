// The environment of a program that is to run under an allocator: LD_PRELOAD merged with what was there before,
// plus the allocator's settings. Callers pass the result to execve.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tool/model/allocator.h"

namespace neap {

// "NAME=value" strings. The allocator's library stands first in LD_PRELOAD; other known allocators in an inherited
// LD_PRELOAD are dropped, everything else in it is kept. `extra_preloads` come before the allocator.
std::vector<std::string> environment_under(const Allocator& allocator,
                                           const std::vector<std::string>& extra_preloads = {});

// The value of LD_PRELOAD with `first` in front of what was inherited and `last` behind it, known allocators in the
// inherited dropped.
std::string merge_preload(const std::vector<std::string>& first, std::string_view inherited,
                          const std::vector<std::string>& last = {});

}  // namespace neap
