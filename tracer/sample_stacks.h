// The stacks that made sampled objects. The table has each stack once, and the files that its frames point into, so
// that names can be found after the program has ended.
#pragma once

#include "format/samples.h"

namespace neap::tracer {

// Lets the unwinder allocate what it needs at its first use, which must not happen inside a call of malloc.
void prepare_unwinder();

// The index of the caller's stack in the table; samples::kStacks when the table is full.
std::uint32_t place_of_this_stack(samples::Table& table);

}  // namespace neap::tracer
