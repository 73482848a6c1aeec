// The calls into the allocator under test: the only code that runs inside the measured time. Every page of an object is
// written once. When an object is resized, only its new pages are written.
#pragma once

#include "plan.h"

namespace neap::replay {

// Executes the steps in order. `objects` holds the address of each slot's object. Returns nullptr, or what went wrong.
using Calls = const char*(const Step* step, const Step* end, unsigned char** objects);

Calls execute_steps;

// The same, with marks: each object is marked by its slot at both ends, and the marks are checked before it dies. This
// finds an allocator that hands out memory twice or loses contents in realloc.
Calls execute_steps_verified;

// Walks over the steps and calls nothing: what the harness itself costs.
Calls execute_nothing;

}  // namespace neap::replay
