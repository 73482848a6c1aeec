// What mimalloc's heaps are made of in all of its versions: pages of blocks of one size, with lists of the free ones.
// Where the pages are is found in two ways: in segments (2.x, mimalloc_segments.cc) and by the page map (3.x,
// mimalloc_page_map.cc), both in memory alone: no symbol, file or build-id is asked.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap::mimalloc {

inline constexpr std::uint64_t slice_bytes = 1 << 16;  // what pages are made of, and aligned to

// A page as its own head describes it.
struct Page {
  std::uint64_t head = 0;   // where it is described
  std::uint64_t start = 0;  // of the first block; 0 in versions whose heads do not say (BlockReader tells it then)
  std::uint64_t area = 0, area_end = 0;  // the slices that it has
  std::uint64_t block_bytes = 0;
  std::uint32_t reserved = 0, capacity = 0, used = 0;  // room for blocks; ever made; of them not on its own lists
  std::array<std::uint64_t, 3> lists{};  // first free block: ready, freed by the owner, freed by other threads
  std::array<std::uint64_t, 3> keys{};   // of encoded lists, in builds that have them: the first two words, or the last
};

// Slices that mimalloc cuts pages from: a segment, or an arena; without its own descriptions at the beginning.
struct Region {
  std::uint64_t start = 0, end = 0;
  std::uint64_t described_at = 0;  // where the descriptions begin; they end at `start`
};

struct Heap {
  std::string library;
  std::vector<Region> regions;
  std::vector<Page> pages;       // each lies in one of the regions
  std::uint64_t metadata = 0;    // bytes of address space outside of the regions
  std::uint64_t unreadable = 0;  // bytes of regions whose descriptions did not agree with themselves
};

// Where the memory that `address` lies in ends: anonymous mappings side by side count as one, whatever their rights.
std::uint64_t end_of_anonymous(const AddressSpace& space, std::uint64_t address);

std::optional<Heap> find_segments(AddressSpace& space);
std::optional<Heap> find_page_map(AddressSpace& space);

}  // namespace neap::mimalloc
