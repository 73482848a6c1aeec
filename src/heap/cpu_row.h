// CpuRow: the freed objects that the threads of one CPU keep at hand, instead of each its own: per class a stack,
// pushed and popped by restartable sequences (os/rseq.h). Whatever takes more than one store is done to a claimed
// stack: its head is 0 meanwhile, so that other threads find nothing and no room there and go on to the bins, and the
// claimer may be preempted or moved.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "heap/thread_cache.h"
#include "os/rseq.h"

namespace neap {

// Several threads share a stack: twice the slots of a thread's own, where objects are fetched ahead.
constexpr std::uint32_t most_in_row(std::size_t c) {
  return class_size(c) > kLargestBatched ? kMostCached[c] : kMostCached[c] * 2u;
}
inline constexpr std::uint32_t kMostInRow = *std::max_element(kMostCached.begin(), kMostCached.end()) * 2u;

// As kSlotBegin.
inline constexpr std::array<std::uint16_t, kCachedClasses + 1> kRowSlotBegin = [] {
  std::array<std::uint16_t, kCachedClasses + 1> begin{};
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    begin[c + 1] = static_cast<std::uint16_t>(begin[c] + 1 + most_in_row(c));
  }
  return begin;
}();

inline constexpr std::uint32_t kSlotBytes = sizeof(void*);

struct CpuRow {
  enum State : std::uint32_t { unused, ready };

  std::array<std::atomic<std::uint64_t>, kCachedClasses> heads;
  std::atomic<State> state;                         // changes under the registry's lock
  std::atomic<std::uint32_t> next_victim, starved;  // as in ThreadCache, and the next two
  std::atomic<std::int64_t> granted, budget;
  void* slots[kRowSlotBegin[kCachedClasses]];  // null ones below the stacks are never written

  std::uint32_t bottom(std::size_t c) const {
    return static_cast<std::uint32_t>(offsetof(CpuRow, slots) + (kRowSlotBegin[c] + std::size_t{1}) * kSlotBytes);
  }
  void** slot(std::uint64_t offset) { return slots + (offset - offsetof(CpuRow, slots)) / kSlotBytes; }
  static std::uint64_t head(std::uint64_t top, std::uint64_t limit) { return limit << 32 | top; }

  // Empty stacks without room, and `bytes` to grow them from.
  void reset(std::uint64_t bytes) {
    granted.store(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
    budget.store(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      heads[c].store(head(bottom(c), bottom(c)), std::memory_order_release);
    }
  }
};
static_assert(sizeof(CpuRow) + kSlotBytes <= std::size_t{1} << rseq::kRowShift, "a null word lies below the next");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);

// A stack taken out of its row; false when it could not be had.
struct Claim {
  CpuRow* row;
  std::size_t c;
  std::uint32_t bottom, top, limit;

  explicit operator bool() const { return bottom != 0; }
  std::uint32_t count() const { return (top - bottom) / kSlotBytes; }
  std::uint32_t room() const { return (limit - bottom) / kSlotBytes; }
  bool is_full() const { return top == limit; }
  void* newest() const { return *row->slot(top - kSlotBytes); }
  void push(void* object) {
    *row->slot(top) = object;
    top += kSlotBytes;
  }
  void* pop() {
    top -= kSlotBytes;
    return *row->slot(top);
  }
  void set_room(std::uint32_t slots) { limit = bottom + slots * kSlotBytes; }
  void end() const { row->heads[c].store(CpuRow::head(top, limit), std::memory_order_release); }
};

// All rows of the process: readable zeros, which is what unused rows look like, and memory for those in use.
class CpuRows {
 public:
  // False where there are none to be had.
  bool open();
  // The marked address for sections; null before open().
  char* marked() const { return rows_; }
  std::size_t bound() const { return bound_; }
  CpuRow& at(std::size_t i) const { return *reinterpret_cast<CpuRow*>(rows_ - rseq::kMark + (i << rseq::kRowShift)); }

  // Makes memory of an unused row; false when the system refuses.
  bool begin(CpuRow& row, std::uint64_t bytes);
  std::uint32_t begun() const { return begun_.load(std::memory_order_relaxed); }

  // Stack c of the row of the CPU; of `only` when that is not null.
  Claim claim(std::size_t c, CpuRow* only = nullptr) const;

  // Threads that use them.
  std::uint32_t users() const { return users_.load(std::memory_order_relaxed); }
  void set_users(std::uint32_t users) { users_.store(users, std::memory_order_relaxed); }

 private:
  char* rows_ = nullptr;
  std::size_t bound_ = 0;
  bool tried_ = false;
  std::atomic<std::uint32_t> users_{0}, begun_{0};
};

}  // namespace neap
