// Capacity: how many objects each stack may hold. A cache has an allowance of bytes, which becomes the capacity of its
// stacks as they ask for it; what they do not need they shed, and then the objects go back to where they lie.
//
// Works on stacks of the calling thread, and on a CPU's by claiming one stack at a time. Needs no lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/options.h"
#include "bins/small_objects.h"
#include "caches/cpu_caches.h"
#include "caches/stacks.h"
#include "limits/limits.h"
#include "pages/page_heap.h"

namespace neap {

inline constexpr std::uint32_t kFirstCapacity = 4;

// How many slots a stack of `capacity` gets more when it grows, where it may have `max`: as many as it has.
constexpr std::uint32_t growth_of(std::size_t c, std::uint32_t capacity, std::uint32_t max) {
  std::uint32_t more = capacity != 0 ? capacity : class_size(c) <= kLargestBatched ? kFirstCapacity : 1;
  if (more < kObjectsPerLines[c]) more = kObjectsPerLines[c];
  return more < max - capacity ? more : max - capacity;
}

// How many objects are fetched for a stack of `capacity`: half as many, or `all`, in whole cache lines. Two threads
// that ask for small objects in turn must not get objects of one line.
constexpr std::uint32_t refill_size(std::size_t c, std::uint32_t capacity, bool all) {
  const std::uint32_t lot = kObjectsPerLines[c], wish = all ? capacity : (capacity + 1) / 2;
  const std::uint32_t lines = (wish + lot - 1) / lot * lot;
  return lines <= capacity ? lines : wish;
}

class Capacity {
 public:
  constexpr Capacity(const Options& options, const PageHeap& pages, const Limits& limits, SmallObjects& small,
                     const CpuCaches& cpus)
      : options_(options), pages_(pages), limits_(limits), small_(small), cpus_(cpus) {}

  // How many bytes of objects the stacks of a thread, or of a CPU, may hold.
  std::uint64_t thread_allowance() const;
  std::uint64_t cpu_allowance() const;
  // How many threads have a cache: the heap is shared among them. The registry says so, under its lock.
  void set_threads(std::uint32_t threads) { threads_.store(threads, std::memory_order_relaxed); }
  std::uint32_t threads() const { return threads_.load(std::memory_order_relaxed); }

  // Doubles the capacity of a stack in hand, as far as its slots and the budget go.
  void grow(Stack& stack) {
    if (stack.capacity() < stack.max_capacity() && stack.stacks->may_grow(class_size(stack.c))) grow_to_budget(stack);
  }
  // Sheds what is above the allowance by now, and now and then what the stacks have not needed for some time.
  void fit(Stacks& stacks);

  // Gives back the `count` objects that have lain longest in a stack in hand. The stack stays in hand.
  void drop_oldest(Stack& stack, std::uint32_t count);
  // Gives back all objects of a stack, and lets go of it. Returns how many there were; 0 where the stack could not be
  // had.
  std::uint32_t drop_all(Stack stack);

 private:
  Stack stack_in(Stacks& stacks, std::size_t c);
  void grow_to_budget(Stack& stack);
  static void add_budget(Stacks& stacks, std::int64_t bytes);
  static bool take_budget(Stacks& stacks, std::int64_t bytes);
  std::uint64_t allowance(const Stacks& stacks) const;
  void review_budget(Stacks& stacks);
  void steal_capacity(Stacks& stacks, std::size_t c, std::int64_t bytes);
  void fit_budget(Stacks& stacks);
  void shed_idle(Stacks& stacks);
  void shed(Stacks& stacks, std::size_t c, std::uint32_t objects);

  const Options& options_;
  const PageHeap& pages_;
  const Limits& limits_;
  SmallObjects& small_;
  const CpuCaches& cpus_;
  std::atomic<std::uint32_t> threads_{0};
};

}  // namespace neap
