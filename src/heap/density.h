// Density: which sizes of large objects are written whole, learned from objects that end. The next object of such a
// size may use transparent huge pages: one fault instead of 512, and nothing resident that would not have been anyway.
// A program that touches its large objects sparsely is never given any.
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
  // For an object that begins: are its like written whole? Now and then no, so that one can be looked at again.
  bool wants_huge_pages(std::size_t pages) {
    Size& size = size_of(pages);
    const std::uint8_t turn = size.turn.load(std::memory_order_relaxed);
    size.turn.store(static_cast<std::uint8_t>(turn + 1), std::memory_order_relaxed);
    return size.score.load(std::memory_order_relaxed) == kSure && turn % kLookEvery != 0;
  }

  // For an object that ends and had no huge pages: looks at how much of it was written.
  void learn(char* begin, std::size_t pages);

 private:
  static constexpr std::int8_t kSure = 2;         // looks in a row that agree
  static constexpr std::uint8_t kLookEvery = 16;  // objects of a size that is decided
  static constexpr std::size_t kDoublings = 20;   // 2 MiB to 1 TiB

  struct Size {
    std::atomic<std::int8_t> score{0};  // how often in a row it was found dense, or (negative) sparse
    std::atomic<std::uint8_t> turn{0};
  };

  Size& size_of(std::size_t pages) {
    const std::size_t doubling = static_cast<std::size_t>(std::bit_width(pages / kPagesPerHugePage)) - 1;
    const std::size_t step = (pages >> (std::bit_width(pages) - 4)) & 7;
    const std::size_t index = doubling * 8 + step;
    return sizes_[index < sizes_.size() ? index : sizes_.size() - 1];
  }

  std::array<Size, kDoublings * 8> sizes_;
};

}  // namespace neap
