// Idle chunks: their heads call them used, but they are free. They are the chunks on the lists of fast bins and of
// threads' caches.
#pragma once
#include "tool/fill/glibc_walk.h"

namespace neap::glibc {

// The size of the chunk that holds a thread's cache, in glibc up to 2.33.
constexpr bool may_be_cache(std::uint64_t size) { return size == 0x250 || size == 0x290; }

// Whose list a chunk is on is told by following it; every list is bounded, and leads only to chunks of the heap.
class IdleLists {
 public:
  IdleLists(AddressSpace& space, const GlibcHeap& heap, Idle& idle);

  void follow_fast_bins();
  // Until 2.33 a cached chunk bears no key; the caches themselves are found among the used chunks. True when `chunk` is
  // one, and led to chunks.
  bool follow_if_cache(std::uint64_t chunk, std::uint64_t size);

 private:
  struct CacheForm;
  bool follow(std::uint64_t first, std::uint64_t most, std::uint64_t link, Kind kind);
  bool lies_in_heap(std::uint64_t address) const;

  AddressSpace& space_;
  const GlibcHeap& heap_;
  Idle& idle_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // of the extents, by address
};

}  // namespace neap::glibc
