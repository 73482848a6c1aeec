// The stacks that made sampled objects, each once in the table, with the files that their frames point into: so that
// names can be found when the program is gone.
#pragma once

#include "format/samples.h"

namespace neap::tracer {

// Has the unwinder prepare for itself, outside of any call of malloc, what it prepares at its first use.
void prepare_unwinder();

// The place of the caller's stack in the table, which is its name; samples::kStacks when there is no room.
std::uint32_t place_of_this_stack(samples::Table& table);

}  // namespace neap::tracer
