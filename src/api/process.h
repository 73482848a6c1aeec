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

// Two words of static TLS, reached without a call: the thread's cache, and where the fast paths find its stacks, which
// is its own front, one without room, or the marked address of the CPUs' rows.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit ThreadCache* own_cache;
[[gnu::tls_model("initial-exec")]] extern thread_local constinit CacheFront* front;

inline bool is_rows(const CacheFront* at) { return (address_of(at) & rseq::kMark) != 0; }

// The calling thread's cache if it has one.
inline ThreadCache* opened_cache() { return own_cache; }

// The same, opened on its first call; null when it is ending or memory is out.
ThreadCache* current_cache();

}  // namespace neap
