// Spares: the runs of a few large objects freed last, kept whole for the next ones of their sizes: a program that takes
// and frees a buffer in turn finds it again without a search, and without a look at its pages. They count as dirty, and
// go to the dirty queue when they were not wanted for a while. Only sizes that come again are kept: other runs serve
// small objects better. Guarded by the page heap's lock.
#pragma once

#include <algorithm>
#include <cstddef>

#include "pages/block.h"

namespace neap {

class Spares {
 public:
  // True when an object of this size, and not too large, was freed a short while ago too; otherwise remembers that one
  // was now.
  bool wants(std::size_t pages) {
    if (pages > kMostPages) return false;
    if (std::find(sizes_, sizes_ + kSizes, pages) != sizes_ + kSizes) return true;
    sizes_[next_size_++ % kSizes] = pages;
    return false;
  }

  bool full() const { return count_ == kRoom; }
  void put(Block& run) { runs_[count_++] = &run; }  // unless full

  // The newest run of exactly so many pages, in at least so many blocks, that begins at a multiple of `align` blocks;
  // or null.
  Block* take(std::size_t pages, std::size_t blocks, std::size_t align) {
    for (std::size_t i = count_; i > 0; --i) {
      Block* run = runs_[i - 1];
      if (run->large.pages != pages || run->large.blocks < blocks) continue;
      if ((static_cast<std::size_t>(run->id) & (align - 1)) != 0) continue;
      drop(i - 1);
      return run;
    }
    return nullptr;
  }

  Block* oldest() const { return count_ == 0 ? nullptr : runs_[0]; }
  Block* take_oldest() {
    Block* run = runs_[0];
    drop(0);
    return run;
  }

 private:
  static constexpr std::size_t kRoom = 2, kSizes = 2;
  static constexpr std::size_t kMostPages = 64;  // 256 KiB: half of what may always stay dirty

  void drop(std::size_t index) {
    --count_;
    for (std::size_t i = index; i < count_; ++i) runs_[i] = runs_[i + 1];
  }

  Block* runs_[kRoom] = {};  // oldest first
  std::size_t count_ = 0;
  std::size_t sizes_[kSizes] = {};  // in pages, freed last
  std::size_t next_size_ = 0;
};

}  // namespace neap
