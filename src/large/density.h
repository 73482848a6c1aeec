// Density: which sizes of large objects are written whole, learned from objects that end. The next object of such a
// size may use transparent huge pages, one fault instead of 512, or get the pages that it lacks by one call; nothing
// becomes resident that would not have been anyway. A program that touches its large objects sparsely gets neither.
//
// Sizes are told apart by eighths of a doubling. Thread-safe without locks; a lost update costs one more look.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace neap {

inline constexpr std::size_t kHugePageSize = std::size_t{2} << 20;
inline constexpr std::size_t kPagesPerHugePage = kHugePageSize / kPageSize;

class Density {
 public:
  static constexpr std::size_t kMinPages = 64;  // nothing is known of smaller objects

  // What is known of the like of an object that begins. Now and then nothing, so that one can be looked at again.
  struct Like {
    bool dense = false;  // where they are touched, they are written whole
    bool whole = false;  // they are touched everywhere, which has been seen more often
  };
  Like like(std::size_t pages);

  // For an object that ends and had no huge pages: looks at how much of it was written. `had` pages of it were there
  // when it began, of which nothing can be told.
  void learn(char* begin, std::size_t pages, std::size_t had);

 private:
  using Score = std::atomic<std::int8_t>;     // how often in a row the answer was yes, or (negative) no
  static constexpr std::int8_t kSure = 2;     // looks in a row that agree
  static constexpr std::int8_t kCertain = 6;  // the same for `whole`: an error makes pages resident
  static constexpr std::uint8_t kLookEvery = 16, kLookAtWholeEvery = 8;  // objects of a size that is decided
  static constexpr std::size_t kDoublings = 23;                          // 256 KiB to 1 TiB

  struct Size {
    Score dense{0}, whole{0};
    std::atomic<std::uint8_t> turn{0};
  };

  static void note(Score& score, bool yes, std::int8_t most);

  Size& size_of(std::size_t pages) {
    const std::size_t doubling = static_cast<std::size_t>(std::bit_width(pages / kMinPages)) - 1;
    const std::size_t step = (pages >> (std::bit_width(pages) - 4)) & 7;
    const std::size_t index = doubling * 8 + step;
    return sizes_[index < sizes_.size() ? index : sizes_.size() - 1];
  }

  std::array<Size, kDoublings * 8> sizes_;
};

}  // namespace neap
