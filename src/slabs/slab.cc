#include "slabs/slab.h"

#include <bit>

namespace neap::slab {
namespace {

struct Range {
  std::uint32_t from, to;  // objects, `to` excluded
};

// The pages that the bytes [offset, offset + size) of a block overlap.
PageMask pages_under(std::uint32_t offset, std::uint32_t size) {
  return static_cast<PageMask>((2u << ((offset + size - 1) >> kPageShift)) - (1u << (offset >> kPageShift)));
}

// The objects that overlap pages [first, first + length).
Range objects_over(const ClassRow& row, std::uint32_t first, std::uint32_t length) {
  const std::uint32_t last_byte = static_cast<std::uint32_t>(((first + length) << kPageShift) - 1);
  const std::uint32_t from = index_in_slab(row, static_cast<std::uint32_t>(first << kPageShift));
  const std::uint32_t to = index_in_slab(row, last_byte) + 1;
  const std::uint32_t capacity = row.capacity;
  return {from < capacity ? from : capacity, to < capacity ? to : capacity};
}

}  // namespace

void init(Block& block, const ClassRow& row) {
  const std::size_t words = (row.capacity + bits::kWordBits - 1) / bits::kWordBits;
  for (std::size_t w = 0; w < words; ++w) block.free_bits[w] = bits::mask_in_word(w, 0, row.capacity);
  block.free_count = row.capacity;
  block.first_word = 0;
  block.reciprocal = row.reciprocal;
}

std::uint32_t take(Block& block, const ClassRow& row, void** out, std::uint32_t want, Touched& touched) {
  char* const base = block.address();
  const std::uint32_t size = row.size, most = want < block.free_count ? want : block.free_count;
  const bool settled = (row.pages & ~block.resident) == 0 && block.dirty == 0;  // most are: nothing to note about pages
  std::uint32_t taken = 0, w = block.first_word;
  PageMask pages = 0;
  for (;; ++w) {
    bits::Word word = block.free_bits[w];
    char* const begin = base + std::size_t{w} * bits::kWordBits * size;
    while (word != 0 && taken < most) {  // run by run
      const std::uint32_t first = static_cast<std::uint32_t>(std::countr_zero(word));
      const std::uint32_t run = static_cast<std::uint32_t>(std::countr_one(word >> first));
      const std::uint32_t count = run < most - taken ? run : most - taken;
      char* object = begin + std::size_t{first} * size;
      if (!settled) pages |= pages_under(static_cast<std::uint32_t>(object - base), count * size);
      for (std::uint32_t i = 0; i < count; ++i, object += size) out[taken++] = object;
      word &= ~(bits::low_bits(count) << first);
    }
    block.free_bits[w] = word;
    if (taken == most) break;
  }
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  if (!settled) touch(block, pages, touched);
  return taken;
}

bool lies_in_short_run(const Block& block, const ClassRow& row, std::uint32_t index) {
  const std::uint32_t bit = index % bits::kWordBits, last = bits::kWordBits - 1;
  const bits::Word word = block.free_bits[index / bits::kWordBits];
  const std::uint32_t above = static_cast<std::uint32_t>(std::countr_one(word >> bit));
  const std::uint32_t below = static_cast<std::uint32_t>(std::countl_one(word << (last - bit)));
  return bit + above <= last && below <= bit && index + above < row.capacity && above + below - 1 < row.per_page;
}

// An object below a page's size lies in one page or two; most frees leave a neighbour at one of a page's ends alive.
PageMask free_pages_under(const Block& block, const ClassRow& row, std::uint32_t index) {
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
      word &= ~mask;
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
      word |= mask;
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
