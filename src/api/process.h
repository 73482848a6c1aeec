// The library's globals: the process's heap, its page map (apart, so that it is zero pages of no file), and the calling
// thread's cache. Everything else takes references.
#pragma once

#include "heap/heap.h"

namespace neap {

extern constinit PageMap page_map;
extern constinit Heap heap;

// Fronts of threads without a cache: before their first call, and after their last (frees come after our destructor of
// thread-specific data; a cache made then would never be closed).
extern constinit CacheFront no_cache_yet, no_cache_any_more;

// One pointer of static TLS, reached without a call.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit CacheFront* front;

// The calling thread's cache if it has one.
ThreadCache* opened_cache();

// The same, opened on its first call; null when it is ending or memory is out.
ThreadCache* current_cache();

}  // namespace neap
