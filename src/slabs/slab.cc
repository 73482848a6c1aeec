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

std::uint32_t lowest(bits::Word word) { return static_cast<std::uint32_t>(std::countr_zero(word)); }
std::uint32_t highest(bits::Word word) {
  return static_cast<std::uint32_t>(bits::kWordBits) - 1 - static_cast<std::uint32_t>(std::countl_zero(word));
}

// Of the free objects of a word, the first of which begins at `base`: how many of the lowest begin on the pages, or in
// a cache line with another.
std::uint32_t count_in_reach(bits::Word word, std::uint32_t base, std::uint32_t size, PageMask reach,
                             std::uint32_t most) {
  std::uint32_t count = 0;
  for (; word != 0 && count < most; word &= word - 1, ++count) {
    const std::uint32_t offset = base + lowest(word) * size;
    const bool shares_line = size < kCacheLine && offset % kCacheLine != 0;
    if ((reach & pages_under(offset, 1)) == 0 && !shares_line) break;
  }
  return count;
}

}  // namespace

void init(Block& block, const ClassRow& row) {
  const std::size_t words = (row.capacity + bits::kWordBits - 1) / bits::kWordBits;
  for (std::size_t w = 0; w < words; ++w) bits::store(block.free_bits[w], ~bits::Word{0});
  block.free_count = row.capacity;
  block.first_word = 0;
}

std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched) {
  const std::uint32_t size = row.size, most = want < block.free_count ? want : block.free_count;
  std::uint32_t taken = 0, w = block.first_word;
  PageMask pages = 0, reach = block.resident;
  for (bool goes_on = most != 0; goes_on; w += goes_on) {
    bits::Word word = block.free_bits[w];
    goes_on = word == 0;
    if (goes_on) continue;
    const std::uint32_t base = w * static_cast<std::uint32_t>(bits::kWordBits) * size;
    const std::uint32_t first = base + lowest(word) * size;
    if (taken == 0) reach |= pages_under(first, 1);
    const PageMask begins = pages_under(first, (highest(word) - lowest(word)) * size + 1);
    std::uint32_t stop = most;
    if ((begins & ~reach) != 0) stop = taken + count_in_reach(word, base, size, reach, most - taken);
    std::uint32_t last = first;
    for (; word != 0 && taken < stop; word &= word - 1) {
      last = base + lowest(word) * size;
      out[taken++] = block.address() + last;
    }
    if (taken != 0) pages |= pages_under(first, last - first + size);
    bits::store(block.free_bits[w], word);
    goes_on = word == 0 && taken < most;
  }
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  touch(block, pages, touched);
  return taken;
}

Given give_row(Block& block, const ClassRow& row, void* const* objects, std::uint32_t count) {
  constexpr std::uint32_t kNone = UINT32_MAX;
  const std::uintptr_t begin = address_of(block.address());
  const std::uint32_t reciprocal = row.reciprocal;
  Given given;
  std::uint32_t at = kNone, lowest = kNone, highest = 0;
  bits::Word word = 0;
  for (; given.count < count; ++given.count) {
    const std::uintptr_t offset = address_of(objects[given.count]) - begin;
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
    if (offset < lowest) lowest = static_cast<std::uint32_t>(offset);
    if (offset > highest) highest = static_cast<std::uint32_t>(offset);
  }
  if (given.count == 0) return given;
  bits::store(block.free_bits[at], word);
  block.free_count = static_cast<std::uint16_t>(block.free_count + given.count);
  given.over = pages_under(lowest, highest - lowest + row.size);
  return given;
}

bool lies_in_short_run(const Block& block, const ClassRow& row, std::uint32_t index) {
  const std::uint32_t bit = index % bits::kWordBits, last = bits::kWordBits - 1;
  const bits::Word word = block.free_bits[index / bits::kWordBits];
  const std::uint32_t above = static_cast<std::uint32_t>(std::countr_one(word >> bit));
  const std::uint32_t below = static_cast<std::uint32_t>(std::countl_one(word << (last - bit)));
  return bit + above <= last && below <= bit && index + above < row.capacity && above + below - 1 < row.per_page;
}

namespace {

// The pages that it shares with a neighbour are the first and the last.
PageMask free_pages_under_large(const Block& block, const ClassRow& row, std::uint32_t index) {
  const std::uint32_t begin = index * row.size, end = begin + row.size;
  std::uint32_t found = pages_under(begin, row.size) & block.resident & ~block.dirty;
  if (begin % kPageSize != 0 && !is_free(block, index - 1)) found &= ~(1u << (begin >> kPageShift));
  if (end % kPageSize != 0 && index + 1 < row.capacity && !is_free(block, index + 1)) {
    found &= ~(1u << (end >> kPageShift));
  }
  return static_cast<PageMask>(found);
}

}  // namespace

PageMask free_pages_under(const Block& block, const ClassRow& row, std::uint32_t index) {
  if (row.size >= kPageSize && os::page_size == kPageSize) return free_pages_under_large(block, row, index);
  return free_pages_among(block, row, pages_under(index * row.size, row.size));
}

// Most pages still have a live object at one of their ends.
PageMask free_pages_among(const Block& block, const ClassRow& row, PageMask pages) {
  PageMask found = 0;
  const PageMask candidates = static_cast<PageMask>(whole_system_pages(pages) & block.resident & ~block.dirty);
  each_system_page(candidates, [&](std::uint32_t first, std::uint32_t length) {
    const Range objects = objects_over(row, first, length);
    if (is_free(block, objects.from) && is_free(block, objects.to - 1) &&
        bits::all_set(block.free_bits, objects.from, objects.to)) {
      found = static_cast<PageMask>(found | (((1u << length) - 1) << first));
    }
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

PageMask free_beside(const Block& block, const ClassRow& row, PageMask pages) {
  PageMask found = 0;
  each_run(pages, [&](std::uint32_t first, std::uint32_t length) {
    const Range objects = objects_over(row, first, length);
    if (objects.from == objects.to) return;
    found |= free_pages_under(block, row, objects.from);
    found |= free_pages_under(block, row, objects.to - 1);
  });
  return static_cast<PageMask>(found & ~pages);
}

}  // namespace neap::slab
