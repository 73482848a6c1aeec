// Starts `neap probe` under an allocator and reads what it says: the proof that the library loads, and its version.
#pragma once
#include "tool/model/allocator.h"

namespace neap {

// Sets `loads` and `version`. A library that crashes or does not serve leaves `loads` false.
void probe_allocator(AllocatorFacts& facts);

// What the library has to say on stderr of its settings when a process starts under it; nothing when they suit it.
std::vector<std::string> complaints_under(const Allocator& allocator);

}  // namespace neap
