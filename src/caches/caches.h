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

  // `cache` is the calling thread's everywhere; null when it has none (it is ending, or memory was out).

  // An object that was at hand, or the first of a refill. Null when the cache may not have any, or memory is out.
  void* allocate(From from, ThreadCache& cache, ClassIndex c) {
    const std::size_t index = static_cast<std::size_t>(c);
    return class_size(index) > kLargestBatched ? allocate_one(cache, index) : allocate_batch(from, cache, index);
  }
  // The bin that serves the thread.
  static BinId bin_for(const ThreadCache* cache, ClassIndex c) {
    return {c, cache != nullptr ? cache->owner : std::uint8_t{0}};
  }

  // `block` is the object's, of kind slab or mixed.
  void free(ThreadCache* cache, Block& block, void* object, const char* function);
  // The same of a class c, where the object is known to begin in its slab.
  void free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function);
  // The usual end of a free in a slab, of a cached class, that no stack takes. False when it is another case; then
  // nothing was done.
  bool give_to_slab(ThreadCache& cache, Block& block, void* object);
  // The usual end of a free in a mixed block: a live object begins there, and its stack is not full. False when it is
  // another case; then nothing was done.
  bool cache_mixed(ThreadCache& cache, const Block& block, void* object);
  // Gives an object back that was just taken from a mixed block, past the stacks.
  void put_back_mixed(ThreadCache* cache, void* object);

  // A new thread's cache, or null; its end.
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
  // Whether an object that no stack takes goes to its slab by itself. Several threads let small ones wait for a batch.
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
