// Density: which sizes of large objects are written whole, learned from objects that end. The next object of such a
// size may use transparent huge pages, with one fault instead of 512, or get the pages that it lacks by one call.
// Nothing becomes resident that would not have become so anyway. A program that touches its large objects sparsely gets
// neither.
//
// Sizes are told apart by eighths of a doubling. Thread-safe without locks; an update that is lost costs one more look.
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

  // What is known of objects like one that begins. Now and then it says nothing, so that such an object can be looked
  // at again.
  struct Like {
    bool dense = false;  // parts that are touched at all are written whole
    bool whole = false;  // all of it is written; only said after more looks, as an error makes pages resident
  };
  Like like(std::size_t pages);

  // Called for an object that ends and had no huge pages: looks at how much of it was written. `had` pages were there
  // already when it began, and tell nothing.
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
