#include "mixed/mixed_block.h"

#include <bit>

namespace neap::mixed {
namespace {

using bits::Word;

constexpr std::uint32_t kWordBits = bits::kWordBits;
constexpr std::uint32_t kWords = kGranules / kWordBits;
constexpr std::uint32_t kWordsPerPage = kGranulesPerPage / kWordBits;

PageMask pages_under(std::uint32_t granule, std::uint32_t n) {
  const std::uint32_t first = granule / kGranulesPerPage, last = (granule + n - 1) / kGranulesPerPage;
  return static_cast<PageMask>((2u << last) - (1u << first));
}

bool are_free(const Block& block, std::uint32_t first, std::uint32_t pages) {
  const std::size_t granule = std::size_t{first} * kGranulesPerPage;
  return bits::all_set(block.free_bits, granule, granule + std::size_t{pages} * kGranulesPerPage);
}

// Marks the granules of the word `low` at which a run of n free granules begins. n is at most 64; `high` is the next
// word.
Word starts_of(Word low, Word high, std::uint32_t n) {
  for (std::uint32_t have = 1; have < n;) {
    const std::uint32_t step = have < n - have ? have : n - have;
    low &= (low >> step) | (high << (kWordBits - step));
    high &= high >> step;
    have += step;
  }
  return low;
}

// What a page can tell of the longest run that begins on it: this bound stands for all longer runs too.
constexpr std::uint32_t kLongest = 255;

constexpr std::uint8_t told(std::uint32_t granules) {
  return static_cast<std::uint8_t>(granules < kLongest ? granules : kLongest);
}

void raise(Block& block, std::uint32_t page, std::uint32_t granules) {
  if (block.longest[page] < granules) block.longest[page] = told(granules);
}

// The lowest granule of a page, at or after `from`, at which n free granules begin; kGranules when there is none.
std::uint32_t find_short(const Block& block, std::uint32_t page, std::uint32_t from, std::uint32_t n) {
  const Word* words = block.free_bits;
  const std::uint32_t begin = page * kWordsPerPage, end = begin + kWordsPerPage;
  for (std::uint32_t w = from / kWordBits < begin ? begin : from / kWordBits; w < end; ++w) {
    if (words[w] == 0) continue;
    Word starts = starts_of(words[w], w + 1 < kWords ? words[w + 1] : 0, n);
    if (w == from / kWordBits) starts &= ~Word{0} << from % kWordBits;
    if (starts != 0) return w * kWordBits + static_cast<std::uint32_t>(std::countr_zero(starts));
  }
  return kGranules;
}

// The same for runs of more granules than a word has bits.
std::uint32_t find_long(const Block& block, std::uint32_t page, std::uint32_t from, std::uint32_t n) {
  const Word* words = block.free_bits;
  const std::size_t page_end = std::size_t{page + 1} * kGranulesPerPage;
  for (std::size_t begin = from;;) {
    begin = bits::find(words, begin, page_end, true);
    if (begin == page_end || begin + n > kGranules) return kGranules;
    const std::size_t end = bits::find(words, begin, begin + n, false);
    if (end == begin + n) return static_cast<std::uint32_t>(begin);
    if (end >= page_end) return kGranules;
    begin = end;
  }
}

// The lowest granule, at or after `from`, at which n free granules begin; kGranules when there is none. The caller
// knows that there is none below `from`. So a page that was searched in vain is known to have no run of n.
std::uint32_t find_hole(Block& block, std::uint32_t from, std::uint32_t n) {
  for (std::uint32_t page = from / kGranulesPerPage; page < kPagesPerBlock; ++page) {
    if (block.longest[page] < told(n)) continue;
    const std::uint32_t first = page * kGranulesPerPage, begin = from < first ? first : from;
    const std::uint32_t found = n <= kWordBits ? find_short(block, page, begin, n) : find_long(block, page, begin, n);
    if (found != kGranules) return found;
    if (n <= kLongest) block.longest[page] = told(n - 1);
  }
  return kGranules;
}

void fill(Word* words, std::uint32_t from, std::uint32_t to, bool value) {
  bits::each_word(words, from, to, [&](Word& word, Word mask) {
    bits::store(word, value ? word | mask : word & ~mask);
    return true;
  });
}

void occupy(Block& block, std::uint32_t granule, std::uint32_t n) {
  fill(block.free_bits, granule, granule + n, false);
  fill(block.mixed.begin_bits, granule + 1, granule + n, false);
}

}  // namespace

std::uint8_t largest_class_in(std::uint32_t granules) {
  if (granules == 0) return 0;
  const std::size_t bytes = std::size_t{granules} << kGranuleShift;
  if (bytes >= kLargestSmall) return kClassCount - 1;
  const std::size_t c = static_cast<std::size_t>(class_of(bytes));
  return static_cast<std::uint8_t>(class_size(c) > bytes ? c - 1 : c);
}

void init(Block& block) {
  for (std::uint32_t w = 0; w < kWords; ++w) {
    bits::store(block.free_bits[w], ~Word{0});
    bits::store(block.mixed.begin_bits[w], ~Word{0});
  }
  block.free_count = kGranules;
  block.first_word = 0;
  for (std::uint8_t& longest : block.longest) longest = kLongest;
}

std::uint32_t adopt(Block& block, const ClassRow& row) {
  Word slab[kMaxObjects / kWordBits];
  for (std::size_t w = 0; w < bits::words_for(row.capacity); ++w) slab[w] = block.free_bits[w];
  init(block);
  const std::uint32_t n = row.size >> kGranuleShift;
  std::uint32_t used = 0;
  for (std::size_t i = bits::find(slab, 0, row.capacity, false); i < row.capacity;
       i = bits::find(slab, i + 1, row.capacity, false)) {
    occupy(block, static_cast<std::uint32_t>(i) * n, n);
    used += n;
  }
  block.free_count = static_cast<std::uint16_t>(kGranules - used);
  return used;
}

Taken take(Block& block, std::uint32_t n, void** out, std::uint32_t want) {
  Taken taken;
  PageMask pages = 0, reach = block.resident;
  while (block.first_word < kWords && block.free_bits[block.first_word] == 0) ++block.first_word;
  std::uint32_t at = block.first_word * kWordBits;
  while (taken.count < want) {
    at = find_hole(block, at, n);
    taken.exhausted = at == kGranules;
    if (taken.exhausted) break;
    if (taken.count == 0) reach |= pages_under(at, 1);
    if ((reach & pages_under(at, 1)) == 0) break;
    occupy(block, at, n);
    out[taken.count++] = block.address() + (std::size_t{at} << kGranuleShift);
    pages = static_cast<PageMask>(pages | pages_under(at, n));
    at += n;
  }
  block.free_count = static_cast<std::uint16_t>(block.free_count - taken.count * n);
  touch(block, pages, taken.touched);
  return taken;
}

std::uint32_t give(Block& block, std::uint32_t granule, std::uint32_t n) {
  fill(block.free_bits, granule, granule + n, true);
  fill(block.mixed.begin_bits, granule + 1, granule + n, true);
  block.free_count = static_cast<std::uint16_t>(block.free_count + n);
  const std::uint16_t word = static_cast<std::uint16_t>(granule / kWordBits);
  if (word < block.first_word) block.first_word = word;
  const std::uint32_t end = static_cast<std::uint32_t>(bits::find(block.free_bits, granule + n, kGranules, false));
  std::uint32_t begin = granule;
  while (begin > 0) {
    const std::uint32_t w = (begin - 1) / kWordBits, bit = (begin - 1) % kWordBits;
    const std::uint32_t ones = static_cast<std::uint32_t>(std::countl_one(block.free_bits[w] << (kWordBits - 1 - bit)));
    begin -= ones <= bit ? ones : bit + 1;
    if (ones <= bit) break;
  }
  raise(block, begin / kGranulesPerPage, end - begin);
  for (std::uint32_t page = begin / kGranulesPerPage + 1; page * kGranulesPerPage < end; ++page) {
    raise(block, page, end - page * kGranulesPerPage);
  }
  return end - begin;
}

PageMask newly_free_pages(const Block& block, std::uint32_t granule, std::uint32_t n) {
  PageMask found = 0;
  const PageMask under = whole_system_pages(pages_under(granule, n));
  const PageMask candidates = static_cast<PageMask>(under & block.resident & ~block.dirty);
  each_system_page(candidates, [&](std::uint32_t first, std::uint32_t length) {
    if (are_free(block, first, length)) found = static_cast<PageMask>(found | (((1u << length) - 1) << first));
  });
  return found;
}

namespace {

template <class Fn>
void each_page_words(Block& block, PageMask pages, Fn fn) {
  for (std::uint32_t rest = pages; rest != 0; rest &= rest - 1) {
    const std::uint32_t page = static_cast<std::uint32_t>(std::countr_zero(rest));
    for (std::uint32_t w = page * kWordsPerPage; w < (page + 1) * kWordsPerPage; ++w) fn(block.free_bits[w]);
    const std::uint16_t first = static_cast<std::uint16_t>(page * kWordsPerPage);
    if (first < block.first_word) block.first_word = first;
  }
}

}  // namespace

void set_aside(Block& block, PageMask pages) {
  each_page_words(block, pages, [](Word& word) { bits::store(word, 0); });
  block.free_count = static_cast<std::uint16_t>(block.free_count - count_pages(pages) * kGranulesPerPage);
}

void restore(Block& block, PageMask pages) {
  each_page_words(block, pages, [](Word& word) { bits::store(word, ~Word{0}); });
  for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
    if (((pages | pages >> 1) >> page & 1) != 0) block.longest[page] = kLongest;  // and the page before
  }
  block.free_count = static_cast<std::uint16_t>(block.free_count + count_pages(pages) * kGranulesPerPage);
}

}  // namespace neap::mixed
