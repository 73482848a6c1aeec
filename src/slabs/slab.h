// Slab: a block cut into equal objects. What can be done to one slab: take the lowest free objects, give one back, find
// the pages that became wholly free, set pages aside while they are discarded. Knows no threads and no other slabs;
// every function is called under the lock of the slab's bin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "pages/block.h"
#include "sizes/size_class.h"

namespace neap::slab {

// Makes a slab of a block, all objects free. The page masks stay: pages may hold memory from an earlier use.
void init(Block& block, const ClassRow& row);

// What happened to pages when objects were taken, in pages.
struct Touched {
  std::uint32_t became_resident = 0;
  std::uint32_t were_dirty = 0;
};

// Takes up to `want` free objects, lowest first, into out[0..]. Returns how many; at least one when any is free.
std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched);

inline bool is_free(const Block& block, std::uint32_t index) { return bits::test(block.free_bits, index); }

// Marks an object free. The caller has checked that it is not.
inline void give(Block& block, std::uint32_t index) {
  bits::set(block.free_bits, index);
  ++block.free_count;
  const std::uint16_t word = static_cast<std::uint16_t>(index / bits::kWordBits);
  if (word < block.first_word) block.first_word = word;
}

// The resident pages under object `index` that no live object overlaps now, and that were not dirty before.
PageMask newly_free_pages(const Block& block, const ClassRow& row, std::uint32_t index);

// Takes all free objects that overlap the given wholly free pages; give them back with restore. Returns their number.
std::uint32_t set_aside(Block& block, const ClassRow& row, PageMask pages);
void restore(Block& block, const ClassRow& row, PageMask pages);

// The pages next to the given ones that fell free while those were set aside: until restore their shared objects were
// out.
PageMask free_beside(const Block& block, const ClassRow& row, PageMask pages);

// Calls fn(first_page, pages) for each run of neighbouring pages in the mask.
template <class Fn>
void each_run(PageMask mask, Fn fn) {
  std::uint32_t rest = mask;
  while (rest != 0) {
    const std::uint32_t first = static_cast<std::uint32_t>(std::countr_zero(rest));
    const std::uint32_t length = static_cast<std::uint32_t>(std::countr_one(rest >> first));
    fn(first, length);
    rest &= ~(((1u << length) - 1) << first);
  }
}

}  // namespace neap::slab
