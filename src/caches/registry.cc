#include "caches/registry.h"

#include "os/os.h"
#include "os/rseq.h"

namespace neap {
namespace {

// The owner that serves a thread while no other thread shares. It is not the first owner, who serves the process's
// first thread.
constexpr std::size_t kLoneOwner = 1;

}  // namespace

// The first thread keeps a cache of its own: a process of one thread knows nothing of CPUs, and its forks lose nothing.
bool Registry::may_share() {
  return options_.cpu_caches != 0 && capacity_.threads() != 0 && rseq::is_registered() && cpus_.open();
}

void Registry::set_threads(std::uint32_t threads) {
  capacity_.set_threads(threads);
  board_.set_threads(threads);
}

// The cache of a thread that has ended, or a new one.
ThreadCache* Registry::take_cache(bool shares) {
  ThreadCache* const cache = free_caches_[shares];
  if (cache == nullptr)
    return reinterpret_cast<ThreadCache*>(metadata_.take(ThreadCache::bytes(shares), pages_.accounts()));
  free_caches_[shares] = cache->next;
  return cache;
}

void Registry::keep_free(ThreadCache& cache) {
  cache.next = free_caches_[cache.shares()];
  free_caches_[cache.shares()] = &cache;
}

ThreadCache* Registry::open() {
  const Guard guard(lock_);
  if (!limbo_.has_secret()) limbo_.draw_secret(os::random());
  const bool shares = may_share();
  ThreadCache* const cache = take_cache(shares);
  if (cache == nullptr) return nullptr;
  cache->reset(capacity_.thread_allowance(), shares ? cpus_.marked() : nullptr);
  if (shares) cpus_.set_users(cpus_.users() + 1);
  cache->previous = nullptr;
  cache->next = caches_;
  if (caches_ != nullptr) caches_->previous = cache;
  caches_ = cache;
  set_threads(capacity_.threads() + 1);
  return cache;
}

std::uint32_t Registry::close(ThreadCache& cache) {
  const Guard guard(lock_);
  forget(cache);
  if (!cache.shares()) return 0;
  cpus_.set_users(cpus_.users() - 1);
  return cpus_.users() == 0 ? empty_cpus() : 0;
}

void Registry::forget(ThreadCache& cache) {
  (cache.previous != nullptr ? cache.previous->next : caches_) = cache.next;
  if (cache.next != nullptr) cache.next->previous = cache.previous;
  keep_free(cache);
  set_threads(capacity_.threads() - 1);
}

// While only one thread shares, it has the same owner wherever it runs; otherwise it would leave its objects behind
// with each move. Where there was no memory for an owner's bins, the first owner's bins serve.
std::uint8_t Registry::owner_of(const Stacks& stacks) const {
  const std::size_t owner = cpus_.users() > 1 ? cpus_.index_of(stacks) % kMaxOwners : kLoneOwner;
  return small_.has_bins(owner) ? static_cast<std::uint8_t>(owner) : std::uint8_t{0};
}

bool Registry::begin_cpu(Stacks& stacks) {
  const Guard guard(lock_);
  if (stacks.shape.load(std::memory_order_relaxed) != nullptr) return true;
  for (const std::size_t owner : {kLoneOwner, cpus_.index_of(stacks) % kMaxOwners}) {
    if (small_.has_bins(owner)) continue;
    if (char* memory = metadata_.take(sizeof(OwnerBins), pages_.accounts())) small_.open_bins(owner, memory);
  }
  if (!cpus_.begin(stacks, capacity_.cpu_allowance())) return false;
  pages_.accounts().metadata_bytes.add(round_up(Stacks::bytes(kCpuShape), os::page_size));
  return true;
}

// Empties the stacks of all CPUs when no thread is left that could use them. The lock keeps new threads out.
std::uint32_t Registry::empty_cpus() {
  std::uint32_t dropped = 0;
  for (std::size_t i = 0; i < cpus_.bound(); ++i) {
    Stacks& stacks = cpus_.at(i);
    if (stacks.shape.load(std::memory_order_acquire) == nullptr) continue;
    for (std::size_t c = kClassesBelowLine; c < kCachedClasses; ++c) {
      dropped += capacity_.drop_all(Stack::of(stacks, c));
    }
    stacks.reset(kCpuShape, capacity_.cpu_allowance());
  }
  return dropped;
}

// In the child of a fork what the CPUs' stacks hold is given up. No section was cut in two, but the system does not
// copy all pages at one moment, so a head may be newer than the slots that it counts.
void Registry::give_up_cpus(std::uint32_t users) {
  cpus_.set_users(users);
  for (std::size_t i = 0; i < cpus_.bound(); ++i) {
    Stacks& stacks = cpus_.at(i);
    if (stacks.shape.load(std::memory_order_relaxed) != nullptr) stacks.reset(kCpuShape, capacity_.cpu_allowance());
  }
}

// What the caches of other threads held is given up: they may be torn.
void Registry::keep_only(ThreadCache* current) {
  for (ThreadCache* cache = caches_; cache != nullptr;) {
    ThreadCache* const next = cache->next;
    if (cache != current) keep_free(*cache);
    cache = next;
  }
  give_up_cpus(current != nullptr && current->shares() ? 1 : 0);
  caches_ = current;
  if (current != nullptr) current->next = current->previous = nullptr;
  set_threads(current != nullptr ? 1 : 0);
}

}  // namespace neap
