// FitTree: finds the lowest mixed block of a chunk that may have a hole for an object of some size class. A byte for
// each block says the largest class that may fit (0: none); a byte above 64 of those is at least their maximum, and so
// on up. The bytes are upper bounds: they are raised at once when granules fall free, and lowered when a search was
// disappointed. Guarded by the lock of the mixed blocks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pages/chunk.h"

namespace neap {

class FitTree {
 public:
  static constexpr std::size_t kNone = SIZE_MAX;

  explicit FitTree(const Chunk& chunk) : chunk_(chunk) {}

  void raise(std::size_t block, std::uint8_t size_class) {
    std::size_t at = block;
    for (int level = 0; level < Chunk::kFitLevels; ++level, at /= kFan) {
      std::uint8_t& bound = chunk_.fits(level)[at];
      if (bound >= size_class) return;
      bound = size_class;
    }
  }

  void lower(std::size_t block, std::uint8_t size_class) { chunk_.fits(0)[block] = size_class; }

  // The lowest block whose byte is at least `size_class` (1 to 127); kNone.
  std::size_t find(std::uint8_t size_class) {
    constexpr int kTop = Chunk::kFitLevels - 1;
    const std::size_t tops = (chunk_.size() + kFan * kFan - 1) / (kFan * kFan);
    for (std::size_t top = 0; top < tops;) {
      std::size_t at = top;
      int level = kTop;
      while (level > 0 && chunk_.fits(level)[at] >= size_class) {
        const std::uint8_t* below = chunk_.fits(level - 1) + at * kFan;
        const std::size_t child = first_at_least(below, size_class);
        if (child == kFan) {
          chunk_.fits(level)[at] = highest(below);
          at = top;  // begins again at the top: another branch may have it
          level = kTop;
          continue;
        }
        at = at * kFan + child;
        --level;
      }
      if (level == 0) return at;
      ++top;
    }
    return kNone;
  }

 private:
  static constexpr std::size_t kFan = Chunk::kFitFan;

  // Eight bytes at a time: bytes are below 128, so that 128 + byte - wanted keeps its top bit where byte >= wanted.
  static std::size_t first_at_least(const std::uint8_t* bytes, std::uint8_t wanted) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    for (std::size_t i = 0; i < kFan; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes + i, 8);
      const std::uint64_t hits = ((eight | kOnes << 7) - wanted * kOnes) & kOnes << 7;
      if (hits != 0) return i + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
    }
    return kFan;
  }

  static std::uint8_t highest(const std::uint8_t* bytes) {
    std::uint8_t most = 0;
    for (std::size_t i = 0; i < kFan; ++i) most = bytes[i] > most ? bytes[i] : most;
    return most;
  }

  const Chunk& chunk_;
};

}  // namespace neap
