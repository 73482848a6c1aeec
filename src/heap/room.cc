// The room of stacks: where it comes from and where it goes.
#include "heap/room.h"

#include <algorithm>
#include <cstring>

#include "heap/heap.h"

namespace neap {
namespace {

// What all caches together may hold of a heap, and each of them at most in times of Options::cache_bytes.
constexpr std::uint64_t kShareOfSmall = 8, kMostOfSmall = 4;
constexpr std::uint64_t kShareOfAny = 32, kMostTimes = 16;

}  // namespace

// A few threads may keep Options::cache_bytes each, many a quarter of it. They may keep more where that is little to
// the heap: all together an eighth of a small one, a 32nd of any.
std::uint64_t Heap::thread_allowance() const {
  const std::uint64_t bytes = options.cache_bytes, sharers = threads() / 8 + 1;
  const std::uint64_t least = bytes / (sharers < 4 ? sharers : 4);
  if (is_near_limit()) return least;
  const std::uint64_t fair = accounts().resident_pages.get() * kPageSize / (threads() == 0 ? 1 : threads());
  const std::uint64_t of_small = std::min(fair / kShareOfSmall, bytes * kMostOfSmall);
  const std::uint64_t of_any = std::min(fair / kShareOfAny, bytes * kMostTimes);
  return std::max({least, of_small, of_any});
}

// Doubles a stack's room, as far as its slots and the budget go.
void Heap::grow_to_budget(Stack& stack) {
  const std::int64_t size = class_size(stack.c);
  std::uint32_t more = room_wished(stack.c, stack.room(), stack.most());
  Stacks& all = *stack.at;
  if (all.budget.load(std::memory_order_relaxed) < size) {
    review_budget(all);
    steal_room(all, stack.c, more * size);
  }
  while (more > 0 && !take_budget(all, more * size)) more /= 2;
  stack.set_room(stack.room() + more);
}

void Heap::add_budget(Stacks& all, std::int64_t bytes) {
  if (single_threaded()) {
    all.budget.store(all.budget.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  } else {
    all.budget.fetch_add(bytes, std::memory_order_relaxed);
  }
}

bool Heap::take_budget(Stacks& all, std::int64_t bytes) {
  if (all.budget.load(std::memory_order_relaxed) < bytes) return false;
  add_budget(all, -bytes);
  if (all.budget.load(std::memory_order_relaxed) >= 0) return true;
  add_budget(all, bytes);
  return false;
}

std::uint64_t Heap::allowance(const Stacks& all) const {
  return all.shape.load(std::memory_order_relaxed) == &kCpuShape ? cpu_allowance() : thread_allowance();
}

// Follows the allowance: at once when it grew, as far as room is not given out when it fell.
void Heap::review_budget(Stacks& all) {
  std::int64_t granted = all.granted.load(std::memory_order_relaxed);
  std::int64_t more = static_cast<std::int64_t>(allowance(all)) - granted;
  if (more < 0) {
    const std::int64_t free = all.budget.load(std::memory_order_relaxed);
    if (more < -free) more = free > 0 ? -free : 0;
  }
  if (more != 0 && all.granted.compare_exchange_strong(granted, granted + more, std::memory_order_relaxed)) {
    add_budget(all, more);
  }
}

// A heap that shrank: what was allowed while it was large goes back at once when it is more than twice what is allowed
// now.
void Heap::fit_budget(Stacks& all) {
  const std::uint64_t allowed = allowance(all);
  if (static_cast<std::uint64_t>(all.granted.load(std::memory_order_relaxed)) <= 2 * allowed) return;
  const std::size_t first = all.shape.load(std::memory_order_relaxed) == &kCpuShape ? kClassesBelowLine : 0;
  for (std::size_t c = first; c < kCachedClasses; ++c) {
    Stack stack = stack_in(all, c);
    if (!stack) continue;
    const std::uint32_t room = stack.room(), count = stack.count();
    if (count > 0) drop_oldest(stack, count);
    stack.set_room(0);
    stack.end();
    add_budget(all, std::int64_t{room} * class_size(c));
  }
  review_budget(all);
}

// Takes half the room of other classes in turn until the budget has `bytes`, or all were asked once.
void Heap::steal_room(Stacks& all, std::size_t c, std::int64_t bytes) {
  for (std::size_t asked = 0; asked < kCachedClasses && all.budget.load(std::memory_order_relaxed) < bytes; ++asked) {
    const std::uint32_t turn = all.next_victim.load(std::memory_order_relaxed);
    all.next_victim.store(turn + 1, std::memory_order_relaxed);
    const std::size_t victim = turn % kCachedClasses;
    if (victim == c || all.heads[victim].load(std::memory_order_relaxed) >> 32 <= all.bottom(victim)) continue;
    Stack stack = stack_in(all, victim);
    if (!stack) return;  // on another CPU by now, or somebody works on it
    const std::uint32_t room = stack.room(), keep = room / 2;
    if (stack.count() > keep) drop_oldest(stack, stack.count() - keep);
    stack.set_room(keep);
    stack.end();
    add_budget(all, std::int64_t{room - keep} * class_size(victim));
  }
}

// Gives the objects that lay longest in a stack back to their slabs. They are out of the stack first: none may lie in
// both when one of them turns out to be misused. (A CPU's stack is claimed, nobody finds anything in it.)
void Heap::drop_oldest(Stack& stack, std::uint32_t count) {
  void* dropped[kMostInStack];
  void** const objects = stack.objects();
  std::memcpy(dropped, objects, count * sizeof(void*));
  const std::uint32_t left = stack.count() - count;
  std::memmove(objects, objects + count, left * sizeof(void*));
  stack.set_count(left);
  if (!stack.is_claimed()) stack.end();
  give(stack.c, dropped, count, "free");
}

void Heap::flush(ThreadCache& cache) {
  give_up_big(cache, "free");
  flush_stash(cache, "free");
  std::uint32_t dropped = 0;
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    if (cache.owns(c)) dropped += drop_all(cache.own_stack(c));
  }
  if (dropped == 0) return;
  cache.count_given(dropped);
  count_events(&cache, dropped);
}

// How many there were; none where the stack could not be had.
std::uint32_t Heap::drop_all(Stack stack) {
  if (!stack) return 0;
  const std::uint32_t count = stack.count();
  if (count > 0) drop_oldest(stack, count);
  stack.end();
  return count;
}

void Heap::flush_all(ThreadCache& cache) {
  flush(cache);
  if (cache.shares()) flush_cpu();
}

}  // namespace neap
