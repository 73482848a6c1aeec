#include "api/process.h"

#include <pthread.h>

#include <atomic>

#include "api/exempt.h"

namespace neap {
namespace {

// The key of our thread-specific data, plus one; 0 before the first cache. It has no lock, which a fork could find
// held.
constinit std::atomic<pthread_key_t> key_plus_one{0};

// Makes `cache` the calling thread's. Null: the thread has none any more.
void set_cache(ThreadCache* cache) {
  own_cache = cache;
  this_stacks = cache == nullptr  ? no_cache_any_more.get()
                : cache->shares() ? static_cast<Stacks*>(cache->shared)
                                  : &cache->own;
}

void end_thread(void* cache) {
  set_cache(nullptr);
  heap.close_cache(*static_cast<ThreadCache*>(cache));
}

// Keeps `cache` until the thread ends. False when the system has no key or no memory left.
bool close_at_thread_end(ThreadCache* cache) {
  pthread_key_t known = key_plus_one.load(std::memory_order_acquire);
  if (known == 0) {
    pthread_key_t made;
    if (pthread_key_create(&made, end_thread) != 0) return false;
    if (key_plus_one.compare_exchange_strong(known, made + 1, std::memory_order_acq_rel)) {
      known = made + 1;
    } else {
      pthread_key_delete(made);  // another thread was first; `known` is its key now
    }
  }
  return pthread_setspecific(known - 1, cache) == 0;
}

[[gnu::noinline]] ThreadCache* open_cache() {
  ThreadCache* cache = heap.open_cache();
  if (cache == nullptr) return nullptr;
  set_cache(cache);  // first: pthread_setspecific may allocate
  if (!close_at_thread_end(cache)) {
    set_cache(nullptr);
    heap.close_cache(*cache);
    return nullptr;
  }
  return cache;
}

}  // namespace

constinit const NoStacks no_cache_yet, no_cache_any_more;
thread_local constinit Stacks* this_stacks = no_cache_yet.get();
thread_local constinit ThreadCache* own_cache = nullptr;

ThreadCache* current_cache() {
  return this_stacks == no_cache_yet.get() && !is_apart() ? open_cache() : opened_cache();
}

}  // namespace neap
