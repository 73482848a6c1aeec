// Threads that share the stacks of the CPU they are on (heap/cpu_caches.h).

#include "heap/heap.h"

namespace neap {
namespace {

// A CPU's stacks may hold so many times Options::cache_bytes.
constexpr std::uint64_t kMaxShares = 16;

// Not the first, whose the process's first thread is.
constexpr std::size_t kLoneOwner = 1;

}  // namespace

// The first thread keeps a cache of its own: a process of one thread knows nothing of CPUs, and its forks lose nothing.
bool Heap::may_share() { return options.cpu_caches != 0 && threads() != 0 && rseq::is_registered() && cpus_.open(); }

// What the threads of a CPU would hold in caches of their own, to a limit.
std::uint64_t Heap::cpu_allowance() const {
  const std::uint64_t cpus = cpus_.begun(), sharers = cpus == 0 ? 1 : cpus_.users() / cpus;
  const std::uint64_t bytes = thread_allowance() * (sharers == 0 ? 1 : sharers);
  const std::uint64_t most = options.cache_bytes * kMaxShares;
  return bytes < most ? bytes : most;
}

Stack Heap::stack_of(ThreadCache& cache, std::size_t c) {
  if (cache.owns(c)) return cache.own_stack(c);
  Stack stack = cpus_.claim(c);
  if (!stack && stack.stacks->shape.load(std::memory_order_acquire) == nullptr && begin_cpu(*stack.stacks)) {
    stack = cpus_.claim(c);
  }
  if (stack) cache.owner = owner_of(*stack.stacks);
  return stack;
}

Stack Heap::stack_in(Stacks& stacks, std::size_t c) {
  return stacks.shape.load(std::memory_order_relaxed) == &kCpuShape ? cpus_.claim(c, &stacks) : Stack::of(stacks, c);
}

// Whose bins serve a thread that has the CPU's stacks in hand. One thread alone that shares has the same wherever it
// runs: it would leave its objects behind with each move. Where there was no memory for them the first owner's serve.
std::uint8_t Heap::owner_of(const Stacks& stacks) const {
  const std::size_t owner = cpus_.users() > 1 ? cpus_.index_of(stacks) % kMaxOwners : kLoneOwner;
  return bins_of(owner) != nullptr ? static_cast<std::uint8_t>(owner) : std::uint8_t{0};
}

void Heap::open_bins(std::size_t owner) {
  static_assert(sizeof(Bins) % kCacheLine == 0);
  if (bins_of(owner) != nullptr) return;
  if (char* memory = take_metadata(sizeof(Bins))) {
    bins_[owner].store(std::construct_at(reinterpret_cast<Bins*>(memory)), std::memory_order_release);
  }
}

bool Heap::begin_cpu(Stacks& stacks) {
  Guard guard(registry_lock_);
  if (stacks.shape.load(std::memory_order_relaxed) != nullptr) return true;
  open_bins(kLoneOwner);
  open_bins(cpus_.index_of(stacks) % kMaxOwners);
  if (!cpus_.begin(stacks, cpu_allowance())) return false;
  pages_.accounts().metadata_bytes.add(round_up(Stacks::bytes(kCpuShape), os::page_size));
  return true;
}

// Those that the thread uses. (A stack of the CPU's is claimed to know which CPU it is.)
void Heap::fit_caches(ThreadCache& cache) {
  fit_to_use(cache.own);
  if (!cache.shares()) return;
  const Stack stack = cpus_.claim(kClassesBelowLine);
  if (!stack) return;
  stack.end();
  fit_to_use(*stack.stacks);
}

// What the stacks of this CPU hold.
void Heap::flush_cpu() {
  std::uint32_t dropped = 0;
  for (std::size_t c = kClassesBelowLine; c < kCachedClasses; ++c) dropped += drop_all(cpus_.claim(c));
  if (dropped > 0) count_events(nullptr, dropped);
}

// Where no thread is left that could use them: all go back. The registry's lock keeps new ones out.
std::uint32_t Heap::empty_cpus() {
  std::uint32_t dropped = 0;
  for (std::size_t i = 0; i < cpus_.bound(); ++i) {
    Stacks& stacks = cpus_.at(i);
    if (stacks.shape.load(std::memory_order_acquire) == nullptr) continue;
    for (std::size_t c = kClassesBelowLine; c < kCachedClasses; ++c) dropped += drop_all(Stack::of(stacks, c));
    stacks.reset(kCpuShape, cpu_allowance());
  }
  return dropped;
}

// In the child of a fork. Sections are whole, but pages are not copied at one moment: a head may be newer than the
// slots that it counts.
void Heap::give_up_cpus(std::uint32_t users) {
  cpus_.set_users(users);
  for (std::size_t i = 0; i < cpus_.bound(); ++i) {
    Stacks& stacks = cpus_.at(i);
    if (stacks.shape.load(std::memory_order_relaxed) != nullptr) stacks.reset(kCpuShape, cpu_allowance());
  }
}

}  // namespace neap
