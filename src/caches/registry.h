// Registry: who has a cache. It makes the caches of threads, and has those that ended ready for the next threads; it
// says which threads share the stacks of their CPU, and begins a CPU's when the first of them runs on it.
//
// One lock, below the release lock and above the bins'. It is held when a thread begins or ends, never on the way of a
// malloc or free, except for the first on a CPU.
#pragma once

#include <cstdint>

#include "base/options.h"
#include "bins/limbo.h"
#include "bins/small_objects.h"
#include "caches/capacity.h"
#include "caches/cpu_caches.h"
#include "caches/metadata.h"
#include "caches/thread_cache.h"
#include "os/mutex.h"
#include "pages/page_heap.h"
#include "release/board.h"

namespace neap {

class Registry {
 public:
  constexpr Registry(const Options& options, Limbo& limbo, PageHeap& pages, SmallObjects& small, Board& board,
                     CpuCaches& cpus, Capacity& capacity)
      : options_(options),
        limbo_(limbo),
        pages_(pages),
        small_(small),
        board_(board),
        cpus_(cpus),
        capacity_(capacity) {}

  // A new thread's cache, or null when memory is out. It has stacks of all classes, or shares those of the CPUs.
  ThreadCache* open();
  // Takes an empty cache back. When no thread is left that shares, the CPUs' stacks are emptied; returns how many
  // objects were in them.
  std::uint32_t close(ThreadCache& cache);

  // Makes stacks of the CPU that they belong to. False when memory is out.
  bool begin_cpu(Stacks& stacks);
  // The owner whose bins serve a thread that uses these stacks of its CPU.
  std::uint8_t owner_of(const Stacks& stacks) const;

  // In the child of a fork, whose only thread has the cache `current`, or none.
  void keep_only(ThreadCache* current);

  Mutex& lock() { return lock_; }

 private:
  bool may_share();
  void set_threads(std::uint32_t threads);
  ThreadCache* take_cache(bool shares);
  void forget(ThreadCache& cache);
  void keep_free(ThreadCache& cache);
  std::uint32_t empty_cpus();
  void give_up_cpus(std::uint32_t users);

  const Options& options_;
  Limbo& limbo_;
  PageHeap& pages_;
  SmallObjects& small_;
  Board& board_;
  CpuCaches& cpus_;
  Capacity& capacity_;

  Mutex lock_;
  ThreadCache* caches_ = nullptr;     // those in use
  ThreadCache* free_caches_[2] = {};  // those with stacks of all classes, and those that share
  Metadata metadata_;
};

}  // namespace neap
