#include "slabs/slab.h"

#include <bit>

namespace neap::slab {
namespace {

struct Range {
  std::uint32_t from, to;  // objects, `to` excluded
};

// The pages that objects [index, index + count) overlap.
PageMask pages_under(const ClassRow& row, std::uint32_t index, std::uint32_t count) {
  const std::uint32_t first = (index * row.size) >> kPageShift;
  const std::uint32_t last = ((index + count) * row.size - 1) >> kPageShift;
  return static_cast<PageMask>((2u << last) - (1u << first));
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
  char* base = block.address();
  const bool settled = block.resident == row.pages && block.dirty == 0;  // most are: nothing to note about pages
  std::uint32_t taken = 0;
  PageMask pages = 0;
  std::uint32_t w = block.first_word;
  for (; taken < want && taken < block.free_count; ++w) {
    bits::Word word = block.free_bits[w];
    while (word != 0 && taken < want) {
      const std::uint32_t index =
          static_cast<std::uint32_t>(w * bits::kWordBits) + static_cast<std::uint32_t>(std::countr_zero(word));
      word &= word - 1;
      out[taken++] = base + std::size_t{index} * row.size;
      if (!settled) pages |= pages_under(row, index, 1);
    }
    block.free_bits[w] = word;
    if (word != 0) break;
  }
  block.first_word = static_cast<std::uint16_t>(w);
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken);
  touch(block, pages, touched);
  return taken;
}

PageMask newly_free_pages(const Block& block, const ClassRow& row, std::uint32_t index) {
  PageMask found = 0;
  const PageMask candidates = static_cast<PageMask>(pages_under(row, index, 1) & block.resident & ~block.dirty);
  for (std::uint32_t rest = candidates; rest != 0; rest &= rest - 1) {
    const std::uint32_t page = static_cast<std::uint32_t>(std::countr_zero(rest));
    const Range objects = objects_over(row, page, 1);
    if (bits::all_set(block.free_bits, objects.from, objects.to)) found = static_cast<PageMask>(found | (1u << page));
  }
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
    found |= newly_free_pages(block, row, objects.from);
    found |= newly_free_pages(block, row, objects.to - 1);
  });
  return static_cast<PageMask>(found & ~pages);
}

}  // namespace neap::slab
