#include "slabs/slab.h"

#include <bit>

namespace neap::slab {
namespace {

struct Range {
  std::uint32_t from, to;  // objects, `to` excluded
};

// The objects that overlap pages [first, first + length).
Range objects_over(const ClassRow& row, std::uint32_t first, std::uint32_t length) {
  const std::uint32_t last_byte = static_cast<std::uint32_t>(((first + length) << kPageShift) - 1);
  const std::uint32_t from = index_in_slab(row, static_cast<std::uint32_t>(first << kPageShift));
  const std::uint32_t to = index_in_slab(row, last_byte) + 1;
  const std::uint32_t capacity = row.capacity;
  return {from < capacity ? from : capacity, to < capacity ? to : capacity};
}

static_assert(
    [] {
      for (const ClassRow& row : kClasses) {
        if (row.capacity % bits::kWordBits == 0 && index_in_slab(row, kBlockSize - 1) >= row.capacity) return false;
      }
      return true;
    }(),
    "the last word of a slab's bitmap tells of all that lies behind the last object");

// Where the part of a slab ends that a batch may be taken from, when its first object lies at `offset`: that object's
// own page and the pages behind it that have memory, and the cache lines that the last object shares with the next
// page.
std::uint32_t end_of_reach(PageMask resident, const ClassRow& row, std::uint32_t offset) {
  const std::uint32_t page = offset >> kPageShift;
  const std::uint32_t pages = static_cast<std::uint32_t>(std::countr_one(std::uint32_t{resident} >> page | 1u));
  std::uint32_t end = (page + pages) << kPageShift;
  while (row.size < kCacheLine && end < kBlockSize && !begins_object(end, row.reciprocal))
    end += std::uint32_t{kCacheLine};
  return end;
}

}  // namespace

void init(Block& block, const ClassRow& row) {
  for (std::size_t w = 0; w < bits::words_for(row.capacity); ++w) bits::store(block.free_bits[w], ~bits::Word{0});
  block.free_count = row.capacity;
  block.first_word = 0;
  for (std::uint16_t& live : block.live) live = 0;
}

// A batch takes every free object between its first and its last one: on the pages between them objects are live, or
// the page is out for release.
std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched) {
  const std::uint32_t size = row.size, most = want < block.free_count ? want : block.free_count;
  if (most == 0) return 0;
  char* const begin = block.address();
  const auto offset_of = [size](std::uint32_t w, bits::Word word) {
    return (w * static_cast<std::uint32_t>(bits::kWordBits) + static_cast<std::uint32_t>(std::countr_zero(word))) *
           size;
  };
  std::uint32_t w = block.first_word;
  bits::Word word;
  while ((word = block.free_bits[w]) == 0) ++w;
  const std::uint32_t first = offset_of(w, word), end = end_of_reach(block.resident, row, first);
  std::uint32_t taken = 0, offset = first, last;
  std::uint32_t page = first >> kPageShift, counted = 0;  // of those taken; the others lie in this page
  do {
    if (offset + size > (page + 1) << kPageShift) [[unlikely]] {
      block.live[page] = static_cast<std::uint16_t>(block.live[page] + taken - counted);
      page = enter_pages(block, row, offset);
      counted = taken + 1;
    }
    out[taken++] = begin + offset;
    last = offset;
    word &= word - 1;
    if (word == 0) {
      bits::store(block.free_bits[w], 0);
      if (taken == most) break;
      while ((word = block.free_bits[++w]) == 0) continue;
    }
    offset = offset_of(w, word);
  } while (offset < end && taken < most);
  block.live[page] = static_cast<std::uint16_t>(block.live[page] + taken - counted);
  bits::store(block.free_bits[w], word);
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  const std::uint32_t aside = block.aside.load(std::memory_order_relaxed);
  touch(block, static_cast<PageMask>(pages_under(first, last - first + size) & ~aside), touched);
  return taken;
}

Given give_together(Block& block, const ClassRow& row, void* const* objects, std::uint32_t count) {
  constexpr std::uint32_t kNone = UINT32_MAX;
  const std::uintptr_t begin = address_of(block.address());
  const std::uint32_t reciprocal = row.reciprocal;
  std::uint32_t given = 0, emptied = 0, at = kNone;
  bits::Word word = 0;
  for (; given < count; ++given) {
    const std::uintptr_t offset = address_of(objects[given]) - begin;
    if (offset >= kBlockSize) break;
    const std::uint64_t place = offset * reciprocal;
    if (static_cast<std::uint32_t>(place) >= reciprocal) break;
    const std::uint32_t w = static_cast<std::uint32_t>(place >> 32) / static_cast<std::uint32_t>(bits::kWordBits);
    if (w != at) {
      if (at != kNone) bits::store(block.free_bits[at], word);
      word = block.free_bits[at = w];
      if (w < block.first_word) block.first_word = static_cast<std::uint16_t>(w);
    }
    const bits::Word bit = bits::Word{1} << (place >> 32) % bits::kWordBits;
    if ((word & bit) != 0) break;
    word |= bit;
    emptied |= leave_pages(block, row, static_cast<std::uint32_t>(offset));
  }
  if (given == 0) return {};
  bits::store(block.free_bits[at], word);
  block.free_count = static_cast<std::uint16_t>(block.free_count + given);
  return {given, static_cast<PageMask>(emptied)};
}

PageMask free_system_pages(const Block& block, std::uint32_t emptied) {
  if (pages_per_system_page() == 1) [[likely]]
    return static_cast<PageMask>(emptied);
  PageMask found = 0;
  each_system_page(whole_system_pages(static_cast<PageMask>(emptied)), [&](std::uint32_t first, std::uint32_t length) {
    std::uint32_t live = 0;
    for (std::uint32_t page = first; page < first + length; ++page) live |= block.live[page];
    if (live == 0) found = static_cast<PageMask>(found | (((1u << length) - 1) << first));
  });
  return found;
}

std::uint32_t set_aside(Block& block, const ClassRow& row, PageMask pages) {
  std::uint32_t taken = 0;
  each_run(pages, [&](std::uint32_t first, std::uint32_t length) {
    const Range objects = objects_over(row, first, length);
    bits::each_word(block.free_bits, objects.from, objects.to, [&](bits::Word& word, bits::Word mask) {
      taken += static_cast<std::uint32_t>(std::popcount(word & mask));
      bits::store(word, word & ~mask);
      return true;
    });
  });
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  return taken;
}

void restore(Block& block, const ClassRow& row, PageMask pages) {
  std::uint32_t given = 0;
  each_run(pages, [&](std::uint32_t first, std::uint32_t length) {
    const Range objects = objects_over(row, first, length);
    bits::each_word(block.free_bits, objects.from, objects.to, [&](bits::Word& word, bits::Word mask) {
      given += static_cast<std::uint32_t>(std::popcount(mask & ~word));
      bits::store(word, word | mask);
      return true;
    });
    const std::uint16_t word = static_cast<std::uint16_t>(objects.from / bits::kWordBits);
    if (objects.from < objects.to && word < block.first_word) block.first_word = word;
  });
  block.free_count = static_cast<std::uint16_t>(block.free_count + given);
}

}  // namespace neap::slab
