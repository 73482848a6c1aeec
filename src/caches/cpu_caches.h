// CpuCaches: stacks that the threads of one CPU share, one set for each CPU that the process runs on. A push or pop is
// one restartable sequence. Whatever takes more than one store is done to a claimed stack: its head is 0 meanwhile, so
// other threads find neither an object nor a free slot there and go on to the bins, and the thread that claimed it may
// be preempted or moved.
#pragma once

#include "caches/stacks.h"

namespace neap {

static_assert(Stacks::bytes(kCpuShape) + kSlotBytes <= std::size_t{1} << rseq::kShift,
              "a null word lies below the next");

class CpuCaches {
 public:
  // Reserves the stacks of all CPUs as memory that reads as zeros, which is what unused stacks look like. False when
  // the system refuses.
  bool open();
  // The address that restartable sections take, which carries a mark; null before open().
  char* marked() const { return marked_; }
  std::size_t bound() const { return bound_; }
  Stacks& at(std::size_t i) const { return *reinterpret_cast<Stacks*>(marked_ - rseq::kMark + (i << rseq::kShift)); }

  // The number of the CPU that these stacks belong to.
  std::size_t index_of(const Stacks& stacks) const {
    return (address_of(&stacks) - (address_of(marked_) - rseq::kMark)) >> rseq::kShift;
  }

  // Makes memory of unused stacks; false when the system refuses.
  bool begin(Stacks& stacks, std::uint64_t bytes);
  std::uint32_t begun() const { return begun_.load(std::memory_order_relaxed); }

  // Claims stack c of the CPU that the thread is on; where `only` is given, just if that CPU's stacks are `only`. Where
  // the stack could not be had the result is false, and its `stacks` are those of the CPU all the same.
  Stack claim(std::size_t c, Stacks* only = nullptr) const;

  // How many threads use the stacks of CPUs.
  std::uint32_t users() const { return users_.load(std::memory_order_relaxed); }
  void set_users(std::uint32_t users) { users_.store(users, std::memory_order_relaxed); }

 private:
  char* marked_ = nullptr;
  std::size_t bound_ = 0;
  bool tried_ = false;
  std::atomic<std::uint32_t> users_{0}, begun_{0};
};

}  // namespace neap
