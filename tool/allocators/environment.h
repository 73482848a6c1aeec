// The environment of a program that is to run under an allocator: LD_PRELOAD merged with what was there before,
// plus the allocator's settings. Callers pass the result to execve.
#pragma once
#include <string>
#include <vector>

#include "tool/model/allocator.h"

namespace neap {

// "NAME=value" strings. The allocator's library stands first in LD_PRELOAD; other known allocators in an inherited
// LD_PRELOAD are dropped, everything else in it is kept. `extra_preloads` come before the allocator.
std::vector<std::string> environment_under(const Allocator& allocator,
                                           const std::vector<std::string>& extra_preloads = {});

}  // namespace neap
