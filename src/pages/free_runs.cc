#include "pages/free_runs.h"

#include <bit>

namespace neap {

using bits::kWordBits;
using bits::Word;

void FreeRuns::open(Word* words, std::size_t blocks) {
  used_ = words;
  bounds_ = reinterpret_cast<Bound*>(used_ + bit_words(blocks));
  group_bounds_ = reinterpret_cast<Bound*>(used_ + bit_words(blocks) + bound_words(bit_words(blocks)));
  blocks_ = blocks;
  used_count_ = first_free_ = 0;
  raise(0, blocks);
}

// Raises the bounds for a run of at most `length` that begins at `first`.
void FreeRuns::raise(std::size_t first, std::size_t length) {
  const Bound bound = static_cast<Bound>(length < kMaxBound ? length : kMaxBound);
  Bound& of_word = bounds_[first / kWordBits];
  Bound& of_group = group_bounds_[first / kWordBits / kFan];
  if (of_word < bound) of_word = bound;
  if (of_group < bound) of_group = bound;
}

void FreeRuns::take(std::size_t first, std::size_t count) {
  bits::set_range(used_, first, first + count);
  used_count_ += count;
  const std::size_t end = first + count;
  if (end < blocks_ && is_free(end)) raise(end, kMaxBound);  // what is left of a longer run
}

// (A run that begins further below than this looks has the highest bound already.)
void FreeRuns::give(std::size_t first, std::size_t count) {
  bits::clear_range(used_, first, first + count);
  used_count_ -= count;
  if (first < first_free_) first_free_ = first;
  const std::size_t lowest = first > kMaxBound ? first - kMaxBound : 0;
  const std::size_t begin = bits::find_last(used_, lowest, first, true);
  const std::size_t highest = blocks_ - first > kMaxBound ? first + kMaxBound : blocks_;
  raise(begin, bits::find(used_, first, highest, true) - begin);
}

// The lowest place, at or after `from`, with the alignment that find asks for; blocks() where there is none.
std::size_t FreeRuns::lowest_place(std::size_t from, std::size_t align, std::size_t shift) const {
  const std::size_t place = ((from + shift + align - 1) & ~(align - 1)) - shift;
  return place < blocks_ ? place : blocks_;
}

std::size_t FreeRuns::find(std::size_t count, std::size_t align, std::size_t shift) {
  if (count > blocks_) return blocks_;
  if (used_count_ == 0) {  // and not all of the bits are read, of which there may be very many
    const std::size_t place = lowest_place(0, align, shift);
    return count <= blocks_ - place ? place : blocks_;
  }
  first_free_ = bits::find(used_, first_free_, blocks_, false);
  if (count == 1 && align == 1) return first_free_;
  const std::size_t wanted = count < kMaxBound ? count : kMaxBound, words = bit_words(blocks_);
  for (std::size_t w = first_free_ / kWordBits; w < words;) {
    const std::size_t group = w / kFan, next = (group + 1) * kFan;
    if (group_bounds_[group] < wanted) {
      w = next;
      continue;
    }
    for (; w < next && w < words; ++w) {
      if (bounds_[w] < wanted) continue;
      if (const std::size_t found = find_in_word(w, count, align, shift); found != blocks_) return found;
    }
    look_again_at_group(group);
  }
  return blocks_;
}

// Looks among the runs that begin in one word. Where none is long enough, it makes the word's bound exact.
std::size_t FreeRuns::find_in_word(std::size_t word, std::size_t count, std::size_t align, std::size_t shift) {
  const std::size_t base = word * kWordBits;
  const Word before = base == 0 ? Word{1} : used_[word - 1] >> (kWordBits - 1);
  Word begins = ~used_[word] & (used_[word] << 1 | before);
  std::size_t longest = 0;
  for (; begins != 0; begins &= begins - 1) {
    const std::size_t begin = base + static_cast<std::size_t>(std::countr_zero(begins));
    if (begin >= blocks_) break;
    const std::size_t place = lowest_place(begin, align, shift);
    const bool fits = count <= blocks_ - place;
    const std::size_t far = fits ? place + count : blocks_, end = bits::find(used_, begin, far, true);
    if (fits && end == far) return place;
    if (longest < end - begin) longest = end - begin;
  }
  bounds_[word] = static_cast<Bound>(longest < kMaxBound ? longest : kMaxBound);
  return blocks_;
}

void FreeRuns::look_again_at_group(std::size_t group) {
  const std::size_t end = (group + 1) * kFan, words = bit_words(blocks_);
  Bound most = 0;
  for (std::size_t w = group * kFan; w < end && w < words; ++w) most = bounds_[w] > most ? bounds_[w] : most;
  group_bounds_[group] = most;
}

}  // namespace neap
