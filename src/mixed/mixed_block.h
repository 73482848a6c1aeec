// Mixed block: objects of all small sizes in one block. A slab that few objects are left in becomes one, so that its
// holes can serve every size; size classes that are hardly used share one. Its 64 KiB are granules of 16 bytes, which
// two bitmaps describe: bit i of the first says that granule i is free, bit i of the second that it is free or begins
// an object. So an object reaches to the next begin, and a pointer into the middle of one is seen by its clear bit.
// (Bitmaps of free granules and of object ends: libpas' bitfit heaps.)
//
// Knows no threads and no other blocks; every function is called under the lock of the mixed blocks, but for size_of
// and what looks at one granule: the bits of an object never change while it lives.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"
#include "pages/block.h"
#include "sizes/size_class.h"

namespace neap::mixed {

inline constexpr std::uint32_t kGranuleShift = 4;
inline constexpr std::uint32_t kGranules = kBlockSize >> kGranuleShift;
inline constexpr std::uint32_t kGranulesPerPage = kPageSize >> kGranuleShift;
static_assert(kGranules <= kMaxObjects, "a slab's bitmap holds a bit for each granule");

constexpr std::uint32_t granules_of(std::size_t c) { return class_size(c) >> kGranuleShift; }

// The class with most granules that fit into a run of `granules`; 0 when none does.
std::uint8_t largest_class_in(std::uint32_t granules);

// Makes a mixed block of a block, with all granules free.
void init(Block& block);
// Makes the two bitmaps of a mixed block out of the bitmap of a slab of the given class. Returns how many granules are
// in use.
std::uint32_t adopt(Block& block, const ClassRow& row);

struct Taken {
  std::uint32_t count = 0;
  bool exhausted = false;  // the search for another found no hole
  Touched touched;
};
// Takes up to `want` objects of n granules, lowest first, into out[0..]. Objects that begin on pages without memory are
// taken only where the first one does.
Taken take(Block& block, std::uint32_t n, void** out, std::uint32_t want);

inline std::uint32_t granule_at(const void* pointer) { return offset_in_block(pointer) >> kGranuleShift; }
// Whether a granule is free, as it looks without the lock. While its page is out for release it counts as free.
inline bool is_free(const Block& block, std::uint32_t granule) {
  const bits::Word word = bits::load(block.free_bits[granule / bits::kWordBits]);
  const std::uint32_t aside = block.aside.load(std::memory_order_relaxed);
  return ((word >> granule % bits::kWordBits | aside >> granule / kGranulesPerPage) & 1) != 0;
}
// True when an object begins at `pointer`, or its granule is free.
inline bool is_begin(const Block& block, const void* pointer) {
  const std::uint32_t granule = granule_at(pointer);
  const bits::Word word = bits::load(block.mixed.begin_bits[granule / bits::kWordBits]);
  return address_of(pointer) % (1u << kGranuleShift) == 0 && ((word >> granule % bits::kWordBits) & 1) != 0;
}
// True when a live object begins there, or one that waits in a cache, as it looks without the lock.
inline bool seems_taken(const Block& block, const void* pointer) {
  return is_begin(block, pointer) && !is_free(block, granule_at(pointer));
}
// How many granules the object has that begins at `granule`.
inline std::uint32_t size_of(const Block& block, std::uint32_t granule) {
  for (std::uint32_t next = granule + 1; next < kGranules; next = (next | (bits::kWordBits - 1)) + 1) {
    const bits::Word begins = bits::load(block.mixed.begin_bits[next / bits::kWordBits]) >> next % bits::kWordBits;
    if (begins != 0) return next + static_cast<std::uint32_t>(std::countr_zero(begins)) - granule;
  }
  return kGranules - granule;
}

// Ends the object of n granules that begins at `granule`, which the caller has checked. Returns how many granules the
// hole has that it is part of now.
std::uint32_t give(Block& block, std::uint32_t granule, std::uint32_t n);

// Of the pages under n granules that were freed: those that are resident, wholly free, and not dirty yet.
PageMask newly_free_pages(const Block& block, std::uint32_t granule, std::uint32_t n);

// set_aside takes all granules of pages that are wholly free, as if an object lay there. restore gives them back.
void set_aside(Block& block, PageMask pages);
void restore(Block& block, PageMask pages);

}  // namespace neap::mixed
