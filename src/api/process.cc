#include "api/process.h"

#include <pthread.h>

namespace neap {
namespace {

// The slot below the only, empty stack of all classes of a thread without a cache. Never written.
constinit void* null_slot = nullptr;

constexpr CacheFront make_empty_front() {
  CacheFront empty{};
  for (CacheBin& bin : empty.bins) bin = {&null_slot + 1, &null_slot + 1};
  return empty;
}

// Created by the first call that needs it, which comes long before a second thread.
constinit bool key_exists = false;
pthread_key_t key;

void end_thread(void* cache) {
  front = &no_cache_any_more;
  heap.close_cache(*static_cast<ThreadCache*>(cache));
}

bool have_key() {
  if (!key_exists) key_exists = pthread_key_create(&key, end_thread) == 0;
  return key_exists;
}

[[gnu::noinline]] ThreadCache* open_cache() {
  ThreadCache* cache = heap.open_cache();
  if (cache == nullptr) return nullptr;
  front = cache;  // first: pthread_setspecific may allocate
  if (!have_key() || pthread_setspecific(key, cache) != 0) {
    front = &no_cache_any_more;
    heap.close_cache(*cache);
    return nullptr;
  }
  return cache;
}

}  // namespace

constinit CacheFront no_cache_yet = make_empty_front(), no_cache_any_more = make_empty_front();
thread_local constinit CacheFront* front = &no_cache_yet;

ThreadCache* current_cache() {
  if (front == &no_cache_yet) return open_cache();
  return front == &no_cache_any_more ? nullptr : static_cast<ThreadCache*>(front);
}

}  // namespace neap
