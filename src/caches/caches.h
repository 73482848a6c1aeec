// Caches: serves small objects from what threads and CPUs keep at hand, and does what the fast paths of api/ could not:
// it refills a stack that is empty, gives back what no stack takes, and empties a cache.
//
// Takes no lock itself. What it calls does: the bins and the mixed bin, the registry, and, after each call that left
// the cache, the release (count_events).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/options.h"
#include "bins/limbo.h"
#include "bins/small_objects.h"
#include "caches/capacity.h"
#include "caches/cpu_caches.h"
#include "caches/registry.h"
#include "caches/thread_cache.h"
#include "limits/limits.h"
#include "pages/page_heap.h"
#include "release/board.h"
#include "release/release.h"

namespace neap {

class Caches {
 public:
  constexpr Caches(const Options& options, Limbo& limbo, PageHeap& pages, const Limits& limits, SmallObjects& small,
                   Board& board, Release& release)
      : limbo_(limbo),
        pages_(pages),
        small_(small),
        release_(release),
        capacity_(options, pages, limits, small, cpus_),
        registry_(options, limbo, pages, small, board, cpus_, capacity_) {}

  // In every call `cache` is the calling thread's, or null when the thread has none (it is ending, or memory was out).

  // Gives an object that is at hand, or the first of a refill. Null when the cache may not have any, or memory is out.
  void* allocate(From from, ThreadCache& cache, ClassIndex c) {
    const std::size_t index = static_cast<std::size_t>(c);
    return class_size(index) > kLargestBatched ? allocate_one(cache, index) : allocate_batch(from, cache, index);
  }
  // The bin that serves the thread.
  static BinId bin_for(const ThreadCache* cache, ClassIndex c) {
    return {c, cache != nullptr ? cache->owner : std::uint8_t{0}};
  }

  // Frees an object that lies in `block`, a slab or a mixed block. Serves every case.
  void free(ThreadCache* cache, Block& block, void* object, const char* function);
  // The same, for an object of class c that is known to begin in its slab.
  void free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function);
  // The usual way of a free that no stack takes: puts an object of a cached class back into its slab. It applies when
  // the slab has no admission and a live object begins there; with several threads only to objects above 1 KiB, as
  // smaller ones wait for a batch. Otherwise it gives false and has done nothing.
  bool give_to_slab(ThreadCache& cache, Block& block, void* object, const char* function);
  // The usual way of a free in a mixed block: pushes the object onto the stack of its class. It applies when a live
  // object begins there, its class has a stack that is not full, and it is not yet time to ask whether the class
  // deserves a slab. Otherwise it gives false and has done nothing.
  bool cache_mixed(ThreadCache& cache, const Block& block, void* object);
  // Takes back an object that was just taken from a mixed block, without using the stacks.
  void put_back_mixed(ThreadCache* cache, void* object);

  // Opens a new thread's cache, or gives null when memory is out; and closes it.
  ThreadCache* open() { return registry_.open(); }
  void close(ThreadCache& cache);
  // Gives every cached object of this thread back.
  void flush(ThreadCache& cache);
  // The same, and what lies in the stacks of this CPU.
  void flush_all(ThreadCache& cache);

  // Counts mallocs and frees that have left the cache. A thread keeps its events to itself until they are worth the
  // process's clock; then the release acts on them, and its cache is fitted to what it may hold by now.
  void count_events(ThreadCache* cache, std::uint32_t events);

  Registry& registry() { return registry_; }

 private:
  void* allocate_batch(From from, ThreadCache& cache, std::size_t c);
  void* allocate_one(ThreadCache& cache, std::size_t c);
  void ask_for_capacity(ThreadCache& cache, std::size_t c);
  Stack stack_of(ThreadCache& cache, std::size_t c);
  bool push(ThreadCache& cache, std::size_t c, void* object);
  Bin& bin(BinId id) { return small_.bin(id); }
  // Whether an object that no stack takes goes to its slab at once. With several threads, small ones wait for a batch.
  static bool goes_at_once(std::size_t c) { return single_threaded() || class_size(c) > kLargestBatched; }
  void give_back(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function);
  void keep_big(ThreadCache& cache, std::size_t c, void* object, const char* function);
  void give_up_big(ThreadCache& cache, const char* function);
  void free_mixed(ThreadCache& cache, const Block& block, void* object, const char* function);
  bool wishes_slab(ThreadCache& cache, std::size_t c);
  void stash(ThreadCache& cache, std::size_t c, void* object, const char* function);
  void flush_stash(ThreadCache& cache, const char* function);
  void flush_cpu();
  void fit(ThreadCache& cache);

  Limbo& limbo_;
  PageHeap& pages_;
  SmallObjects& small_;
  Release& release_;
  CpuCaches cpus_;
  Capacity capacity_;
  Registry registry_;
};

inline void Caches::count_events(ThreadCache* cache, std::uint32_t events) {
  if (cache == nullptr) return release_.act_on(events, true);
  events += cache->events;
  const bool few = release_.may_wait(events);
  cache->events = few ? events : 0;
  if (few) return;
  release_.act_on(events, false);
  fit(*cache);
}

}  // namespace neap
