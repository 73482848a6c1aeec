#include "caches/capacity.h"

#include <algorithm>
#include <cstring>

namespace neap {
namespace {

// All caches together may hold one part in kShare of a heap, and each of them at most kMaxTimes Options::cache_bytes.
constexpr std::uint64_t kShare = 2, kMaxTimes = 16;

// A CPU's stacks may hold so many times Options::cache_bytes.
constexpr std::uint64_t kMaxShares = 16;

// A cache is looked at after this many heap events, and sheds what it does not need after this many looks.
constexpr std::uint32_t kEventsPerLook = 1024, kLooks = 4;

}  // namespace

// A few threads may keep Options::cache_bytes each, and many threads a quarter of it. In a larger heap they may keep
// more: all caches together half of the heap. A cache sheds what it does not need of that.
std::uint64_t Capacity::thread_allowance() const {
  const std::uint64_t bytes = options_.cache_bytes, sharers = threads() / 8 + 1;
  const std::uint64_t least = bytes / (sharers < 4 ? sharers : 4);
  if (limits_.is_near()) return least;
  const std::uint64_t fair = pages_.accounts().resident_pages.get() * kPageSize / (threads() == 0 ? 1 : threads());
  return std::max(least, std::min(fair / kShare, bytes * kMaxTimes));
}

// As much as the threads of a CPU would hold in caches of their own, up to a limit.
std::uint64_t Capacity::cpu_allowance() const {
  const std::uint64_t cpus = cpus_.begun(), sharers = cpus == 0 ? 1 : cpus_.users() / cpus;
  const std::uint64_t bytes = thread_allowance() * (sharers == 0 ? 1 : sharers);
  const std::uint64_t most = options_.cache_bytes * kMaxShares;
  return bytes < most ? bytes : most;
}

std::uint64_t Capacity::allowance(const Stacks& stacks) const {
  return stacks.shape.load(std::memory_order_relaxed) == &kCpuShape ? cpu_allowance() : thread_allowance();
}

Stack Capacity::stack_in(Stacks& stacks, std::size_t c) {
  return stacks.shape.load(std::memory_order_relaxed) == &kCpuShape ? cpus_.claim(c, &stacks) : Stack::of(stacks, c);
}

void Capacity::grow_to_budget(Stack& stack) {
  const std::int64_t size = class_size(stack.c);
  std::uint32_t more = growth_of(stack.c, stack.capacity(), stack.max_capacity());
  Stacks& stacks = *stack.stacks;
  if (stacks.budget.load(std::memory_order_relaxed) < size) {
    review_budget(stacks);
    steal_capacity(stacks, stack.c, more * size);
  }
  while (more > 0 && !take_budget(stacks, more * size)) more /= 2;
  stack.set_capacity(stack.capacity() + more);
}

void Capacity::add_budget(Stacks& stacks, std::int64_t bytes) {
  if (single_threaded()) {
    stacks.budget.store(stacks.budget.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  } else {
    stacks.budget.fetch_add(bytes, std::memory_order_relaxed);
  }
}

bool Capacity::take_budget(Stacks& stacks, std::int64_t bytes) {
  if (stacks.budget.load(std::memory_order_relaxed) < bytes) return false;
  add_budget(stacks, -bytes);
  if (stacks.budget.load(std::memory_order_relaxed) >= 0) return true;
  add_budget(stacks, bytes);
  return false;
}

// Makes what was granted follow the allowance. It grows at once, and falls as far as it has not been given out as
// capacity.
void Capacity::review_budget(Stacks& stacks) {
  std::int64_t granted = stacks.granted.load(std::memory_order_relaxed);
  std::int64_t more = static_cast<std::int64_t>(allowance(stacks)) - granted;
  if (more < 0) {
    const std::int64_t free = stacks.budget.load(std::memory_order_relaxed);
    if (more < -free) more = free > 0 ? -free : 0;
  }
  if (more != 0 && stacks.granted.compare_exchange_strong(granted, granted + more, std::memory_order_relaxed)) {
    add_budget(stacks, more);
  }
}

// When the heap has shrunk, a cache may have been granted more than twice what it is allowed now. Then all of its
// objects go back at once.
void Capacity::fit_budget(Stacks& stacks) {
  const std::uint64_t allowed = allowance(stacks);
  if (static_cast<std::uint64_t>(stacks.granted.load(std::memory_order_relaxed)) <= 2 * allowed) return;
  for (std::size_t c = stacks.first_class(); c < kCachedClasses; ++c) {
    Stack stack = stack_in(stacks, c);
    if (!stack) continue;
    const std::uint32_t capacity = stack.capacity(), count = stack.count();
    if (count > 0) drop_oldest(stack, count);
    stack.set_capacity(0);
    stack.end();
    add_budget(stacks, std::int64_t{capacity} * class_size(c));
  }
  review_budget(stacks);
}

// Objects that a stack had at each of the last kLooks looks are more than it needs: half of them go back, and as much
// of its capacity. (Google's tcmalloc does this by low-water marks. Here it is done from outside, so that pop and push
// know nothing of it.)
void Capacity::shed_idle(Stacks& stacks) {
  const std::uint32_t now = static_cast<std::uint32_t>(pages_.events());
  if (now - stacks.last_look.load(std::memory_order_relaxed) < kEventsPerLook) return;
  stacks.last_look.store(now, std::memory_order_relaxed);
  const std::uint32_t look = stacks.looks.load(std::memory_order_relaxed) + 1;  // threads may lose one another's
  stacks.looks.store(look, std::memory_order_relaxed);
  for (std::size_t c = stacks.first_class(); c < kCachedClasses; ++c) {
    const std::uint32_t count = stacks.count(c), before = stacks.least[c].load(std::memory_order_relaxed);
    const std::uint32_t least = look % kLooks == 1 || count < before ? count : before;
    if (least != before) stacks.least[c].store(static_cast<std::uint16_t>(least), std::memory_order_relaxed);
    if (look % kLooks == 0 && least > 1) shed(stacks, c, least / 2);
  }
}

void Capacity::shed(Stacks& stacks, std::size_t c, std::uint32_t objects) {
  Stack stack = stack_in(stacks, c);
  if (!stack) return;
  const std::uint32_t count = objects < stack.count() ? objects : stack.count();
  if (count > 0) drop_oldest(stack, count);
  stack.set_capacity(stack.capacity() - count);
  stack.end();
  add_budget(stacks, std::int64_t{count} * class_size(c));
}

void Capacity::fit(Stacks& stacks) {
  fit_budget(stacks);
  shed_idle(stacks);
}

// Takes half of the capacity of other classes, one class after the other, until the budget has `bytes` or every class
// was asked once.
void Capacity::steal_capacity(Stacks& stacks, std::size_t c, std::int64_t bytes) {
  for (std::size_t asked = 0; asked < kCachedClasses && stacks.budget.load(std::memory_order_relaxed) < bytes;
       ++asked) {
    const std::uint32_t turn = stacks.next_victim.load(std::memory_order_relaxed);
    stacks.next_victim.store(turn + 1, std::memory_order_relaxed);
    const std::size_t victim = turn % kCachedClasses;
    if (victim == c || stacks.heads[victim].load(std::memory_order_relaxed) >> 32 <= stacks.bottom(victim)) continue;
    Stack stack = stack_in(stacks, victim);
    if (!stack) return;  // on another CPU by now, or somebody works on it
    const std::uint32_t capacity = stack.capacity(), keep = capacity / 2;
    if (stack.count() > keep) drop_oldest(stack, stack.count() - keep);
    stack.set_capacity(keep);
    stack.end();
    add_budget(stacks, std::int64_t{capacity - keep} * class_size(victim));
  }
}

// The objects leave the stack before they are given back: if one of them turns out to be misused, none may lie in both
// places. (A CPU's stack is claimed, so nobody finds anything in it meanwhile.)
void Capacity::drop_oldest(Stack& stack, std::uint32_t count) {
  void* dropped[kMaxInStack];
  void** const objects = stack.objects();
  std::memcpy(dropped, objects, count * sizeof(void*));
  const std::uint32_t left = stack.count() - count;
  std::memmove(objects, objects + count, left * sizeof(void*));
  stack.set_count(left);
  if (!stack.is_claimed()) stack.end();
  small_.give(stack.c, dropped, count, "free");
}

std::uint32_t Capacity::drop_all(Stack stack) {
  if (!stack) return 0;
  const std::uint32_t count = stack.count();
  if (count > 0) drop_oldest(stack, count);
  stack.end();
  return count;
}

}  // namespace neap
