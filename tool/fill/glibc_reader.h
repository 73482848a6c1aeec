// The reader of glibc's heaps: GlibcHeap, walked, as a HeapFill.
#pragma once
#include "tool/fill/heap_fill.h"

namespace neap {

// Empty where glibc's malloc holds nothing.
std::optional<HeapFill> read_glibc(AddressSpace& space);

}  // namespace neap
