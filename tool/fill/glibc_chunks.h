// What a chunk's head may look like, and how a place is recognised at which chunks begin again.
#pragma once
#include "tool/fill/glibc_heap.h"
#include "tool/fill/window.h"

namespace neap::glibc {

struct Rules {
  std::uint64_t end = 0;  // of the extent
  std::uint64_t top = 0;  // of the arena: the chunk that ends it
  bool worker = false;    // not the main arena
};

constexpr std::uint64_t chunk_size(std::uint64_t head) { return head & ~size_bits; }

// At the end of a stretch that an arena has given up: heads without room for an object.
constexpr bool is_fence(std::uint64_t head) { return chunk_size(head) == 16; }

inline bool may_be_chunk(std::uint64_t head, std::uint64_t at, const Rules& rules) {
  const std::uint64_t size = chunk_size(head);
  return size >= least_chunk && size % alignment == 0 && size <= rules.end - at && (head & is_mapped) == 0 &&
         (rules.worker || (head & is_worker) == 0);
}

// Bounds what a heap that changes all the time, or lies, may cost a reader. One Patience serves all extents of a look.
struct Patience {
  int rereads = 20'000;
  int resyncs = 20'000;
  int probes = 2'000'000;  // heads looked at in search of a chain
};

// Several heads in a row that agree with each other, or lead to the arena's top or to a fence.
bool begins_chain(Window& probe, std::uint64_t at, const Rules& rules, Patience& patience);

// The lowest place from `from` on, below `limit`, where a chain begins; `limit` when there is none, or no patience
// left.
std::uint64_t find_chain(AddressSpace& space, std::uint64_t from, std::uint64_t limit, const Rules& rules,
                         Patience& patience);

}  // namespace neap::glibc
