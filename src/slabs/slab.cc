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

}  // namespace

void init(Block& block, const ClassRow& row) {
  const std::size_t words = (row.capacity + bits::kWordBits - 1) / bits::kWordBits;
  for (std::size_t w = 0; w < words; ++w) bits::store(block.free_bits[w], ~bits::Word{0});
  block.free_count = row.capacity;
  block.first_word = 0;
}

namespace {

// Of a slab all of whose pages are in use: nothing is to be noted about them.
std::uint32_t take_settled(Block& block, std::uint32_t size, void** out, std::uint32_t want) {
  const std::uint32_t count = want < block.free_count ? want : block.free_count;
  std::uint32_t taken = 0, w = block.first_word;
  char* begin = block.address() + std::size_t{w} * bits::kWordBits * size;
  for (;; ++w, begin += std::size_t{bits::kWordBits} * size) {
    bits::Word word = block.free_bits[w];
    for (; word != 0 && taken < count; word &= word - 1) {
      out[taken++] = begin + std::size_t{static_cast<std::uint32_t>(std::countr_zero(word))} * size;
    }
    bits::store(block.free_bits[w], word);
    if (taken == count) break;
  }
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - count);
  return count;
}

}  // namespace

std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched) {
  const std::uint32_t size = row.size;
  if ((row.pages & ~block.resident) == 0 && block.dirty == 0) return take_settled(block, size, out, want);  // most
  std::uint32_t taken = 0, w = block.first_word, most = want < block.free_count ? want : block.free_count;
  PageMask pages = 0, reach = block.resident;
  for (;; ++w) {
    bits::Word word = block.free_bits[w];
    for (; word != 0 && taken < most; word &= word - 1) {
      const std::uint32_t bit = static_cast<std::uint32_t>(std::countr_zero(word));
      const std::uint32_t offset = (w * static_cast<std::uint32_t>(bits::kWordBits) + bit) * size;
      if (taken == 0) reach |= pages_under(offset, 1);
      const bool shares_line = size < kCacheLine && offset % kCacheLine != 0;
      if ((reach & pages_under(offset, 1)) == 0 && !shares_line) {
        most = taken;
        break;
      }
      pages |= pages_under(offset, size);
      out[taken++] = block.address() + offset;
    }
    bits::store(block.free_bits[w], word);
    if (taken == most) break;
  }
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  touch(block, pages, touched);
  return taken;
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

// An object below a page's size lies in one page or two; most frees leave a neighbour at one of a page's ends alive.
PageMask free_pages_under(const Block& block, const ClassRow& row, std::uint32_t index) {
  if (row.size >= kPageSize && os::page_size == kPageSize) return free_pages_under_large(block, row, index);
  PageMask found = 0;
  const PageMask under = whole_system_pages(pages_under(index * row.size, row.size));
  const PageMask candidates = static_cast<PageMask>(under & block.resident & ~block.dirty);
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
