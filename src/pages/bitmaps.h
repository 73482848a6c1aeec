// Bitmaps: the store in which the bitmaps of a chunk's blocks lie. Each bitmap is as long as its block needs: 1, 2, 4,
// 8 or 16 cache lines of 64 bytes, at a multiple of its length, in the lowest place that is free. A page of the store
// has 64 lines, and one word says which of them are used.
//
// A store of 16 lines a block never runs out, whatever the order of calls. A bitmap of s lines goes above line h only
// when every multiple of s below h is blocked, and one of t lines blocks at most max(1, t / s) of them. So h + s is at
// most the sum of max(s, t) over all blocks, which is 16 a block.
//
// Guarded by the page heap's lock.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"

namespace neap {

class Bitmaps {
 public:
  static constexpr std::size_t kLineBits = kCacheLine * 8;
  static constexpr std::size_t kMaxLines = 16;

  // What `blocks` blocks need: bytes for bitmaps, and words of zeros that say which lines are used.
  static constexpr std::size_t store_bytes(std::size_t blocks) { return blocks * kMaxLines * kCacheLine; }
  static constexpr std::size_t used_words(std::size_t blocks) { return bits::words_for(blocks * kMaxLines); }

  void open(void* store, bits::Word* used) {
    store_ = static_cast<char*>(store);
    used_ = used;
  }

  static constexpr std::size_t lines_for(std::size_t bits) { return std::bit_ceil((bits + kLineBits - 1) / kLineBits); }

  // `lines` is a power of two up to kMaxLines.
  bits::Word* take(std::size_t lines);
  void give(bits::Word* bitmap, std::size_t lines);

  // The pages behind the last bitmap that were written to. The store forgets them; the caller gives their memory back.
  struct Unused {
    char* begin;
    std::size_t bytes;
  };
  Unused forget_unused();

 private:
  static constexpr std::size_t kLengths = 5;
  static_assert(kPageSize == kCacheLine * bits::kWordBits, "a word tells of a page");

  char* store_ = nullptr;
  bits::Word* used_ = nullptr;
  std::size_t written_ = 0;           // no page at or above it was
  std::size_t first_[kLengths] = {};  // no lower page has a place for a bitmap of 1, 2, 4, 8, 16 lines
};

}  // namespace neap
