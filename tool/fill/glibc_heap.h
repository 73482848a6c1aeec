// GlibcHeap: where glibc's malloc (2.26 and later) keeps things in a program, found in memory alone: no symbol, file or
// table of versions is asked. What is looked for is what the structures say of themselves: the lists of a malloc_state
// are rings that lead back to it, and its `next` leads around the ring of arenas.
//
//   malloc_state   mutex, flags, [fast bins], top, last_remainder, bins[254], binmap, next, next_free, attached,
//                  system_mem
//   malloc_par     ..., mmapped_mem, max_mmapped_mem, sbrk_base, tcache_bins, tcache_max_bytes, tcache_count
//   heap_info      ar_ptr, prev, size: at the start of each 64 MiB of a worker's arena
//   chunk          prev_size, size with three bits, then the object; the lowest bit of the next chunk's size says that
//                  this one is used
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap::glibc {

inline constexpr std::uint64_t previous_used = 1, is_mapped = 2, is_worker = 4, size_bits = 7;
inline constexpr std::uint64_t least_chunk = 32, alignment = 16, header_bytes = 16;

struct Arena {
  std::uint64_t state = 0, top = 0, next = 0, attached = 0, system = 0;
  std::uint32_t flags = 0;
  bool is_contiguous() const { return (flags & 2) == 0; }
};

// Chunks lie one behind the other in [start, end).
struct Extent {
  std::uint64_t start = 0, end = 0;
  std::uint32_t arena = 0;
  std::uint64_t overhead = 0;  // bytes before `start` that belong to the arena's system memory: heads of heap and arena
};

struct MappedChunk {
  std::uint64_t start = 0, size = 0;  // of the mapping
};

struct GlibcHeap {
  std::string library;            // path of the mapping that holds it
  std::uint64_t bins_offset = 0;  // in a malloc_state
  std::vector<Arena> arenas;      // the main one first
  std::uint64_t sbrk_base = 0, mapped_bytes = 0;
  std::uint64_t tcache_bins = 0, tcache_count = 0;
  std::uint64_t worker_heap = 64 << 20;    // bytes; a multiple of huge pages where those are asked for
  std::vector<std::uint64_t> tcache_keys;  // words of its data that may be the one (2.34 and later), sorted
  std::vector<Extent> extents;
  std::vector<MappedChunk> mapped;
  std::uint64_t unfound_mapped = 0, unfound_main = 0;  // bytes that it counts and nobody found
};

// Empty where no heap of glibc is in use. Everything returned lies in mappings of private memory.
std::optional<GlibcHeap> find_glibc(AddressSpace& space);

// The steps of it.
bool find_arenas(AddressSpace& space, const Mapping& data, std::uint64_t end, GlibcHeap& heap);
void find_extents(AddressSpace& space, GlibcHeap& heap);
void find_mapped(AddressSpace& space, GlibcHeap& heap);

}  // namespace neap::glibc
