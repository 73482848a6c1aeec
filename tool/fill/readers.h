// The readers of heaps, and what is known of allocators that have none.
#pragma once
#include "tool/fill/heap_fill.h"

namespace neap {

// Every heap of the program that can be read, the one with most resident memory first.
std::vector<HeapFill> read_heaps(AddressSpace& space);

// An allocator or runtime that is mapped, has memory of its own, and was not read: its name, and who tells its figures.
struct Unread {
  std::string name, ask;
};
std::vector<Unread> unread_allocators(const AddressSpace& space, const std::vector<HeapFill>& heaps);

}  // namespace neap
