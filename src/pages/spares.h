// Spares: the runs of the two large objects that were freed last, kept whole for the next objects of their sizes. A
// program that takes and frees a buffer in turn then finds it again without a search, and without a look at its pages.
// Spares count as dirty, and go to the dirty queue when they were not wanted for a while. Only sizes that come again
// are kept, because other runs serve small objects better.
//
// Changes under the page heap's lock; what is atomic may be read without it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "pages/block.h"

namespace neap {

class Spares {
 public:
  static constexpr std::size_t kMaxPages = 64;  // 256 KiB: half of what may always stay dirty

  // expects: an object of this size, and not too large, was freed a short while ago too. remember: one was freed now.
  bool expects(std::size_t pages) const { return size(0) == pages || size(1) == pages; }
  void remember(std::size_t pages) {
    if (pages > kMaxPages || expects(pages)) return;
    sizes_[next_size_].store(pages, std::memory_order_relaxed);
    next_size_ ^= 1;
  }

  std::size_t pages() const { return pages_of_slot(0) + pages_of_slot(1); }
  bool empty() const { return pages() == 0; }
  bool full() const { return pages_of_slot(0) != 0 && pages_of_slot(1) != 0; }
  std::size_t count() const { return full() ? 2 : empty() ? 0 : 1; }
  bool may_have(std::size_t pages) const { return pages_of_slot(0) == pages || pages_of_slot(1) == pages; }

  void put(Block& run) {  // unless full
    if (pages_of_slot(newest_) != 0) newest_ ^= 1;
    runs_[newest_] = &run;
    pages_[newest_].store(run.large.pages, std::memory_order_relaxed);
  }

  // The newest run of exactly so many pages that begins at a multiple of `align` blocks; or null.
  Block* take(std::size_t pages, std::size_t align) {
    if (fits(newest_, pages, align)) return take_slot(newest_);
    return fits(newest_ ^ 1, pages, align) ? take_slot(newest_ ^ 1) : nullptr;
  }

  Block* oldest() const { return empty() ? nullptr : runs_[oldest_slot()]; }
  Block* take_oldest() { return take_slot(oldest_slot()); }  // unless there is none

 private:
  std::size_t size(std::size_t i) const { return sizes_[i].load(std::memory_order_relaxed); }
  std::size_t pages_of_slot(std::size_t slot) const { return pages_[slot].load(std::memory_order_relaxed); }
  std::size_t oldest_slot() const { return pages_of_slot(newest_ ^ 1) != 0 ? newest_ ^ 1 : newest_; }

  bool fits(std::size_t slot, std::size_t pages, std::size_t align) const {
    return pages_of_slot(slot) == pages && (static_cast<std::size_t>(runs_[slot]->id) & (align - 1)) == 0;
  }
  Block* take_slot(std::size_t slot) {
    pages_[slot].store(0, std::memory_order_relaxed);
    return runs_[slot];
  }

  // Two slots, by turns the newest one's.
  Block* runs_[2] = {};
  std::atomic<std::size_t> pages_[2] = {};  // of the runs; 0: there is none
  std::size_t newest_ = 0;
  std::atomic<std::size_t> sizes_[2] = {};  // in pages, freed last
  std::size_t next_size_ = 0;
};

}  // namespace neap
