// Starts `neap probe` under an allocator and reads what it says: the proof that the library loads, and its version.
#pragma once
#include "tool/model/allocator.h"

namespace neap {

// Sets `loads` and `version`. A library that crashes or does not serve leaves `loads` false.
void probe_allocator(AllocatorFacts& facts);

}  // namespace neap
