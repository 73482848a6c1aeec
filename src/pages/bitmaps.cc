#include "pages/bitmaps.h"

#include "os/os.h"

namespace neap {
namespace {

using bits::Word;

// The multiples of `lines` in a page that as many free lines follow.
Word places(Word used, std::size_t lines) {
  Word free = ~used;
  for (std::size_t have = 1; have < lines; have *= 2) free &= free >> have;
  return free & ~Word{0} / bits::low_bits(lines);  // bits 0, lines, 2 * lines, ...
}

std::size_t logarithm(std::size_t lines) { return static_cast<std::size_t>(std::countr_zero(lines)); }

}  // namespace

bits::Word* Bitmaps::take(std::size_t lines) {
  std::size_t& page = first_[logarithm(lines)];
  while (places(used_[page], lines) == 0) ++page;
  const std::size_t line = static_cast<std::size_t>(std::countr_zero(places(used_[page], lines)));
  used_[page] |= bits::low_bits(lines) << line;
  if (page >= written_) written_ = page + 1;
  return reinterpret_cast<Word*>(store_ + page * kPageSize + line * kCacheLine);
}

void Bitmaps::give(bits::Word* bitmap, std::size_t lines) {
  const std::size_t offset = address_of(bitmap) - address_of(store_), page = offset / kPageSize;
  used_[page] &= ~(bits::low_bits(lines) << offset % kPageSize / kCacheLine);
  for (std::size_t i = 0; i < kLengths && places(used_[page], std::size_t{1} << i) != 0; ++i) {
    if (page < first_[i]) first_[i] = page;
  }
}

Bitmaps::Unused Bitmaps::forget_unused() {
  const std::size_t end = round_up(written_, os::page_size / kPageSize);
  while (written_ > 0 && used_[written_ - 1] == 0) --written_;
  written_ = round_up(written_, os::page_size / kPageSize);
  return {store_ + written_ * kPageSize, (end - written_) * kPageSize};
}

}  // namespace neap
