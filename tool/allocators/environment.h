// The environment of a program that is to run under an allocator: LD_PRELOAD merged with what was there before,
// plus the allocator's settings, and without those that the caller's shell has for others. Callers pass the result to
// execve.
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

// The same for a program that is measured: nothing that it inherits steers an allocator, so that a figure is what its
// label says. Settings of the allocator itself stay.
std::vector<std::string> environment_to_measure(const Allocator& allocator,
                                                const std::vector<std::string>& extra_preloads = {});

// This process's environment without the variables that steer allocators (those of allocators/table.h).
std::vector<std::string> environment_without_steering();
std::vector<std::string> steering_variables();  // the names of those that are set
void tell_left_out();                           // one line on stderr that names them, if there are any

// The value of LD_PRELOAD with `first` in front of what was inherited and `last` behind it, known allocators in the
// inherited dropped.
std::string merge_preload(const std::vector<std::string>& first, std::string_view inherited,
                          const std::vector<std::string>& last = {});

}  // namespace neap
