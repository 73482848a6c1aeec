// HeldRuns: in a hardened heap, the runs of large objects that ended a short while ago. Nothing can touch their
// addresses, and no other object gets them. The run that was put in first leaves first. Changes under the page heap's
// lock.
#pragma once

#include <cstddef>

#include "os/guarded.h"
#include "pages/block.h"

namespace neap {

class HeldRuns {
 public:
  static constexpr std::size_t kMaxBlocks = (std::size_t{4} << 30) / kBlockSize, kMaxRuns = 4096;

  bool open() {
    constexpr std::size_t kBytes = kMaxRuns * sizeof(void*);  // a pointer each
    void* const memory = os::reserve_guarded(round_up(kBytes, os::page_size));
    if (memory == nullptr || !os::commit(memory, round_up(kBytes, os::page_size))) return false;
    runs_ = static_cast<Block**>(memory);
    return true;
  }
  bool is_open() const { return runs_ != nullptr; }
  bool empty() const { return count_ == 0; }
  // Whether this many more blocks may be held, where `most` may be held in all.
  bool can_hold(std::size_t blocks, std::size_t most) const {
    return count_ < kMaxRuns && blocks_ + blocks <= (most < kMaxBlocks ? most : kMaxBlocks);
  }

  void push(Block& first) {
    runs_[(first_ + count_++) % kMaxRuns] = &first;
    blocks_ += first.large.blocks;
  }
  Block& pop() {
    Block& first = *runs_[first_];
    first_ = (first_ + 1) % kMaxRuns;
    --count_;
    blocks_ -= first.large.blocks;
    return first;
  }

 private:
  Block** runs_ = nullptr;
  std::size_t first_ = 0, count_ = 0, blocks_ = 0;
};

}  // namespace neap
