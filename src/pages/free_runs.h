// FreeRuns: which blocks of a chunk are free, and the lowest run of free ones that is long enough.
//
// One bit a block says that it is used. Two levels of bounds lie above the bits, one bound for 64 blocks and one for
// 4,096. A bound says how long the longest run that begins among its blocks can be, so that a search passes over those
// whose bound is too short. A bound is raised at once when a run comes to begin there or grows. It is made exact when a
// search has looked there in vain. So searches cost what a program's frees have raised, not what lies between: in a
// heap with 32,000 holes of one block, a search for a run of two took 738,000 instructions without bounds. (Go's page
// allocator keeps exact sums in a tree instead, which every free pays for.)
//
// Guarded by the page heap's lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bits.h"

namespace neap {

class FreeRuns {
 public:
  // How many words of zeros `blocks` blocks need.
  static constexpr std::size_t words(std::size_t blocks) {
    return bit_words(blocks) + bound_words(bit_words(blocks)) + bound_words(groups(blocks));
  }

  // Begins with all blocks free. `words` are zeros.
  void open(bits::Word* words, std::size_t blocks);

  // The lowest run of `count` free blocks that begins where (index + shift) is a multiple of `align`; blocks() when
  // there is none.
  std::size_t find(std::size_t count, std::size_t align, std::size_t shift);

  bool is_free(std::size_t index) const { return !bits::test(used_, index); }
  bool are_free(std::size_t first, std::size_t count) const {
    return first + count <= blocks_ && bits::find(used_, first, first + count, true) == first + count;
  }
  // Where the free blocks around `index` begin, and one more than where they end, but no further away than `most`.
  std::size_t begin_of_free(std::size_t index, std::size_t most) const {
    return bits::find_last(used_, index > most ? index - most : 0, index, true);
  }
  std::size_t end_of_free(std::size_t index, std::size_t most) const {
    return bits::find(used_, index, blocks_ - index > most ? index + most : blocks_, true);
  }
  // take makes free blocks used; give makes used ones free.
  void take(std::size_t first, std::size_t count);
  void give(std::size_t first, std::size_t count);

  std::size_t blocks() const { return blocks_; }
  std::size_t used() const { return used_count_; }

 private:
  friend struct Anatomy;  // tells readers outside where the fields lie (api/layout.cc)
  using Bound = std::uint16_t;
  static constexpr std::size_t kFan = bits::kWordBits;  // words of a group
  static constexpr std::size_t kMaxBound = 1024;  // stands for all longer runs too: a look for their ends is short

  static constexpr std::size_t bit_words(std::size_t blocks) { return bits::words_for(blocks); }
  static constexpr std::size_t groups(std::size_t blocks) { return (bit_words(blocks) + kFan - 1) / kFan; }
  static constexpr std::size_t bound_words(std::size_t bounds) {
    return (bounds * sizeof(Bound) + sizeof(bits::Word) - 1) / sizeof(bits::Word);
  }

  std::size_t lowest_place(std::size_t from, std::size_t align, std::size_t shift) const;
  void raise(std::size_t first, std::size_t length);
  std::size_t find_in_word(std::size_t word, std::size_t count, std::size_t align, std::size_t shift);
  void look_again_at_group(std::size_t group);

  bits::Word* used_ = nullptr;
  Bound* bounds_ = nullptr;        // of runs that begin in a word
  Bound* group_bounds_ = nullptr;  // of runs that begin in kFan words
  std::size_t blocks_ = 0;
  std::size_t used_count_ = 0;
  std::size_t first_free_ = 0;  // no lower block is free
};

}  // namespace neap
