// The slow half of small objects for threads that share their CPU's row (heap/cpu_row.h); small.cc has it for those
// with stacks of their own, and says why things are as they are.
#include <cstring>

#include "heap/heap.h"
#include "heap/misuse.h"
#include "heap/stack_room.h"

namespace neap {
namespace {

// A row may hold so many times Options::cache_bytes.
constexpr std::uint64_t kMostShares = 4;

}  // namespace

// The first thread keeps a cache of its own: a process of one thread knows nothing of rows, and its forks lose nothing.
bool Heap::shares_rows() { return options.cpu_caches != 0 && threads() != 0 && rseq::is_registered() && rows_.open(); }

// What the threads of a row would hold in caches of their own, to a limit.
std::uint64_t Heap::row_allowance() const {
  const std::uint64_t rows = rows_.begun(), sharers = rows == 0 ? 1 : rows_.users() / rows;
  const std::uint64_t bytes = cache_allowance() * (sharers == 0 ? 1 : sharers);
  const std::uint64_t most = options.cache_bytes * kMostShares;
  return bytes < most ? bytes : most;
}

// Of the CPU that the thread is on.
Claim Heap::claim(std::size_t c) {
  const Claim claim = rows_.claim(c);
  if (claim || claim.row->state.load(std::memory_order_acquire) == CpuRow::ready || !begin_row(*claim.row))
    return claim;
  return rows_.claim(c);
}

bool Heap::begin_row(CpuRow& row) {
  Guard guard(registry_lock_);
  if (row.state.load(std::memory_order_relaxed) == CpuRow::ready) return true;
  if (!rows_.begin(row, row_allowance())) return false;
  pages_.accounts().metadata_bytes.add(round_up(sizeof(CpuRow), kPageSize));
  return true;
}

void* Heap::allocate_on_cpu(From from, ThreadCache& cache, std::size_t c) {
  Claim stack = claim(c);
  void* batch[kMostInRow];
  std::uint32_t want = 1;
  if (stack) {
    if (stack.count() != 0) {  // another thread's free, or another CPU's row
      void* object = stack.pop();
      stack.end();
      return object;
    }
    grow(stack);
    if (stack.room() > 1) want = refill_size(c, stack.room(), cache.mostly_takes());
  }
  const std::uint32_t got = take(from, c, batch, want);
  for (std::uint32_t i = got; i > 1; --i) stack.push(batch[i - 1]);
  if (stack) stack.end();
  if (got == 0) return nullptr;
  cache.count_taken(got);
  small_served_.add(got);
  count_events(&cache, want > 1 ? got * 2 : 1);
  return batch[0];
}

bool Heap::push_on_cpu(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  Claim stack = claim(c);
  if (!stack) return false;
  std::uint32_t dropped = 0;
  bool pushed = false;
  if (stack.room() != 0) {
    if (stack.is_full()) grow(stack);
    if (stack.is_full() && stack.count() > 0) {
      dropped = (stack.count() + 1) / 2;
      drop_oldest(stack, dropped);
    }
    if (stack.newest() == object) misuse(Misuse::double_free, function, object, "this object is free already");
    pushed = !stack.is_full();
    if (pushed) stack.push(object);
  }
  stack.end();
  if (dropped > 0) {
    cache.count_given(dropped);
    count_events(&cache, dropped);
  }
  return pushed;
}

bool Heap::take_budget(CpuRow& row, std::uint64_t bytes) {
  const std::int64_t size = static_cast<std::int64_t>(bytes);
  if (row.budget.load(std::memory_order_relaxed) < size) return false;
  if (row.budget.fetch_sub(size, std::memory_order_relaxed) >= size) return true;
  row.budget.fetch_add(size, std::memory_order_relaxed);
  return false;
}

void Heap::grow(Claim& stack) {
  const std::uint64_t size = class_size(stack.c);
  std::uint32_t more = room_wished(stack.c, stack.room(), most_in_row(stack.c));
  if (more == 0) return;
  if (!take_budget(*stack.row, more * size)) {
    if ((stack.row->starved.fetch_add(1, std::memory_order_relaxed) + 1) % kStealEvery == 0) {
      review_budget(*stack.row);
      steal_room(*stack.row, stack.c, static_cast<std::int64_t>(more * size));
    }
    while (more > 0 && !take_budget(*stack.row, more * size)) more /= 2;
  }
  stack.set_room(stack.room() + more);
}

void Heap::review_budget(CpuRow& row) {
  const std::int64_t allowed = static_cast<std::int64_t>(row_allowance());
  std::int64_t granted = row.granted.load(std::memory_order_relaxed), more = allowed - granted;
  if (more < 0) {
    const std::int64_t free = row.budget.load(std::memory_order_relaxed);
    if (more < -free) more = free > 0 ? -free : 0;
  }
  if (more != 0 && row.granted.compare_exchange_strong(granted, granted + more, std::memory_order_relaxed)) {
    row.budget.fetch_add(more, std::memory_order_relaxed);
  }
}

void Heap::steal_room(CpuRow& row, std::size_t c, std::int64_t bytes) {
  for (std::size_t asked = 0; asked < kCachedClasses && row.budget.load(std::memory_order_relaxed) < bytes; ++asked) {
    const std::size_t victim = row.next_victim.fetch_add(1, std::memory_order_relaxed) % kCachedClasses;
    if (victim == c || row.heads[victim].load(std::memory_order_relaxed) >> 32 <= row.bottom(victim)) continue;
    Claim stack = rows_.claim(victim, &row);
    if (!stack) return;  // on another CPU by now, or somebody works on it
    const std::uint32_t room = stack.room(), keep = room / 2;
    if (stack.count() > keep) drop_oldest(stack, stack.count() - keep);
    stack.set_room(keep);
    stack.end();
    row.budget.fetch_add(std::int64_t{room - keep} * class_size(victim), std::memory_order_relaxed);
  }
}

void Heap::drop_oldest(Claim& stack, std::uint32_t count) {
  void** bottom = stack.row->slot(stack.bottom);
  give(stack.c, bottom, count, "free");
  std::memmove(bottom, bottom + count, (stack.count() - count) * sizeof(void*));
  stack.top -= count * kSlotBytes;
}

// What the row of this CPU holds.
void Heap::flush_row() {
  std::uint32_t dropped = 0;
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    Claim stack = rows_.claim(c);
    if (!stack) continue;
    dropped += stack.count();
    if (stack.count() > 0) drop_oldest(stack, stack.count());
    stack.end();
  }
  if (dropped > 0) count_events(nullptr, dropped);
}

// Where no thread is left that could use a row: all go back. The registry's lock keeps new ones out.
std::uint32_t Heap::empty_rows() {
  std::uint32_t dropped = 0;
  for (std::size_t i = 0; i < rows_.bound(); ++i) {
    CpuRow& row = rows_.at(i);
    if (row.state.load(std::memory_order_acquire) != CpuRow::ready) continue;
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      const std::uint32_t top = static_cast<std::uint32_t>(row.heads[c].load(std::memory_order_acquire));
      const std::uint32_t count = (top - row.bottom(c)) / kSlotBytes;
      if (count > 0) give(c, row.slot(row.bottom(c)), count, "free");
      dropped += count;
    }
    row.reset(row_allowance());
  }
  return dropped;
}

// In the child of a fork. Sections are whole, but pages are not copied at one moment: a head may be newer than the
// slots that it counts.
void Heap::give_up_rows(std::uint32_t users) {
  rows_.set_users(users);
  for (std::size_t i = 0; i < rows_.bound(); ++i) {
    CpuRow& row = rows_.at(i);
    if (row.state.load(std::memory_order_relaxed) == CpuRow::ready) row.reset(row_allowance());
  }
}

}  // namespace neap
