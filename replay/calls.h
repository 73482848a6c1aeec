// The calls into the allocator under test: the only code that runs inside the measured time.
// Every page of every object is written once; the new part only when an object is resized.
#pragma once

#include "plan.h"

namespace neap::replay {

// Executes steps in order; `objects` holds each slot's address. nullptr, or what went wrong.
using Calls = const char*(const Step* step, const Step* end, unsigned char** objects);

Calls execute_steps;

// The same, with each object marked by its slot at both ends and the marks checked before it dies: finds an allocator
// that hands out memory twice or loses contents in realloc.
Calls execute_steps_verified;

// Walks the steps without a call: what the harness itself costs.
Calls execute_nothing;

}  // namespace neap::replay
