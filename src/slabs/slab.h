// Slab: a block cut into equal objects, and what can be done to one: take the lowest free objects, give one back, find
// the pages that became wholly free, set pages aside while they are discarded. It knows no threads and no other slabs.
// Every function is called under the lock of the slab's bin, but for those that say how something looks without it.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "pages/block.h"
#include "sizes/size_class.h"

namespace neap::slab {

// Makes a slab of a block, with all objects free. The page masks stay as they are, because pages may hold memory from
// an earlier use.
void init(Block& block, const ClassRow& row);

// The pages that the bytes [offset, offset + size) of a block overlap.
inline PageMask pages_under(std::uint32_t offset, std::uint32_t size) {
  return static_cast<PageMask>((2u << ((offset + size - 1) >> kPageShift)) - (1u << (offset >> kPageShift)));
}

// Takes up to `want` free objects, lowest first, into out[0..]. Objects that begin on pages without memory are taken
// only where the first one does. Returns how many; at least one when any is free.
std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched);

// Counts an object as live in each page that it overlaps. Returns the last of these pages.
inline std::uint32_t enter_pages(Block& block, const ClassRow& row, std::uint32_t offset) {
  const std::uint32_t last = (offset + row.size - 1) >> kPageShift;
  for (std::uint32_t page = offset >> kPageShift; page <= last; ++page) ++block.live[page];
  return last;
}

// Counts an object as taken, whose bit was cleared just now. Returns where it begins.
inline char* count_taken(Block& block, const ClassRow& row, std::uint32_t index, Touched& touched) {
  --block.free_count;
  const std::uint32_t offset = index * row.size, aside = block.aside.load(std::memory_order_relaxed);
  enter_pages(block, row, offset);
  touch(block, static_cast<PageMask>(pages_under(offset, row.size) & ~aside), touched);
  return block.address() + offset;
}

// Takes the lowest free object of a slab that has one.
inline char* take_one(Block& block, const ClassRow& row, Touched& touched) {
  std::uint32_t w = block.first_word;
  bits::Word word;
  while ((word = block.free_bits[w]) == 0) ++w;
  bits::store(block.free_bits[w], word & (word - 1));
  block.first_word = static_cast<std::uint16_t>(w);
  const std::uint32_t bit = static_cast<std::uint32_t>(std::countr_zero(word));
  return count_taken(block, row, w * static_cast<std::uint32_t>(bits::kWordBits) + bit, touched);
}

// Takes the first free object at or after index `start`, or else the first free one of all. Null when none is free.
inline void* take_at(Block& block, const ClassRow& row, std::uint32_t start, Touched& touched) {
  if (block.free_count == 0) return nullptr;
  std::uint32_t w = start / static_cast<std::uint32_t>(bits::kWordBits);
  const std::uint32_t last = (row.capacity - 1u) / static_cast<std::uint32_t>(bits::kWordBits);
  const bits::Word in_last = bits::low_bits(row.capacity - last * bits::kWordBits);
  const auto free_in = [&](std::uint32_t at) { return block.free_bits[at] & (at == last ? in_last : ~bits::Word{0}); };
  bits::Word free = free_in(w) & ~bits::Word{0} << start % bits::kWordBits;
  while (free == 0) {
    w = w == last ? block.first_word : w + 1;
    free = free_in(w);
  }
  bits::store(block.free_bits[w], block.free_bits[w] & ~(free & (~free + 1)));
  const std::uint32_t bit = static_cast<std::uint32_t>(std::countr_zero(free));
  return count_taken(block, row, w * static_cast<std::uint32_t>(bits::kWordBits) + bit, touched);
}

inline bool is_free(const Block& block, std::uint32_t index) { return bits::test(block.free_bits, index); }

// True when an object that is not free begins at `offset`, as it looks without the lock. Behind the last object all
// bits are set. `reciprocal` is that of the class, or 0, which no offset passes.
inline bool seems_taken(const Block& block, std::uint32_t offset, std::uint32_t reciprocal) {
  // The upper half is the index; the lower half is what begins_object looks at.
  const std::uint64_t place = std::uint64_t{offset} * reciprocal;
  if (static_cast<std::uint32_t>(place) >= reciprocal) return false;
  const std::uint32_t index = static_cast<std::uint32_t>(place >> 32);
  const bits::Word* words = std::atomic_ref(const_cast<bits::Word*&>(block.free_bits)).load(std::memory_order_relaxed);
  return ((bits::load(words[index / bits::kWordBits]) >> index % bits::kWordBits) & 1) == 0;
}

// Counts an object as not live any more in each page that it overlaps. Returns the pages that have no live object now.
inline std::uint32_t leave_pages(Block& block, const ClassRow& row, std::uint32_t offset) {
  const std::uint32_t last = (offset + row.size - 1) >> kPageShift;
  std::uint32_t page = offset >> kPageShift, emptied = 0;
  if (--block.live[page] == 0) [[unlikely]]
    emptied = 1u << page;
  while (page != last) [[unlikely]] {
      if (--block.live[++page] == 0) emptied |= 1u << page;
    }
  return emptied;
}

// Of pages without a live object, those whose whole system page has none.
PageMask free_system_pages(const Block& block, std::uint32_t emptied);

// Marks an object free; false when it is already.
inline bool give(Block& block, std::uint32_t index) {
  const std::uint32_t w = static_cast<std::uint32_t>(index / bits::kWordBits);
  const bits::Word bit = bits::Word{1} << index % bits::kWordBits, word = block.free_bits[w];
  if ((word & bit) != 0) return false;
  bits::store(block.free_bits[w], word | bit);
  ++block.free_count;
  if (w < block.first_word) block.first_word = static_cast<std::uint16_t>(w);
  return true;
}

// What came of giving objects back together: how many they were, and which pages have no live object now.
struct Given {
  std::uint32_t count = 0;
  PageMask emptied = 0;
};
// Marks objects free, in their order, up to the first that does not lie in this slab, begins no object or is free.
Given give_together(Block& block, const ClassRow& row, void* const* objects, std::uint32_t count);

// True when object `index` overlaps a page that is out for release: then it is free.
inline bool is_aside(const Block& block, const ClassRow& row, std::uint32_t index) {
  const PageMask aside = block.aside.load(std::memory_order_relaxed);
  return aside != 0 && (aside & pages_under(index * row.size, row.size)) != 0;
}

// set_aside takes all free objects that overlap the given pages, each of which is wholly free, and returns their
// number. restore gives them back.
std::uint32_t set_aside(Block& block, const ClassRow& row, PageMask pages);
void restore(Block& block, const ClassRow& row, PageMask pages);

}  // namespace neap::slab
