// The reader of mimalloc's heaps, 2.0 to 3.4: their pages, with the free blocks of each, as a HeapFill.
#pragma once
#include "tool/fill/heap_fill.h"

namespace neap {

// Empty when mimalloc holds nothing, or when its build is not one of those that are known.
std::optional<HeapFill> read_mimalloc(AddressSpace& space);

}  // namespace neap
