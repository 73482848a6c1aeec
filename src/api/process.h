// The library's globals: the process's heap, its page map, and the calling thread's cache. Everything else takes
// references.
#pragma once

#include <cstddef>
#include <memory>

#include "hardened/hardened.h"
#include "heap/heap.h"

namespace neap {

[[gnu::visibility("hidden")]] extern constinit PageMap page_map;  // its fields are reached without a look at the GOT
extern constinit Heap heap;
extern constinit Hardened hardened;  // malloc and free of a hardened process

// The stacks of a thread that has no cache, before its first call and after its end. Their capacity is 0, and with the
// null slot behind them every pop finds null. (Frees come after our destructor of thread-specific data has run; a cache
// that was made then would never be closed.)
struct NoStacks {
  constexpr NoStacks() {
    constexpr std::uint64_t above_null = offsetof(NoStacks, null_slot) + kSlotBytes;
    for (auto& head : stacks.heads) std::construct_at(&head, Stacks::head(above_null, above_null));
  }
  // Nobody writes through this pointer, as there is nothing to take and no slot to fill.
  constexpr Stacks* get() const { return const_cast<Stacks*>(&stacks); }

  Stacks stacks{};
  void* null_slot = nullptr;
};
extern constinit const NoStacks no_cache_yet, no_cache_any_more;

// Two words of static TLS, which the fast paths reach without a call. `this_stacks` leads them to the stacks that the
// thread uses: its own, the empty ones above, or those of the CPUs, whose address carries a mark (os/rseq.h).
// `own_cache` is the thread's cache, or null.
[[gnu::tls_model("initial-exec")]] extern thread_local constinit Stacks* this_stacks;
[[gnu::tls_model("initial-exec")]] extern thread_local constinit ThreadCache* own_cache;

inline bool is_shared(const Stacks* stacks) { return (address_of(stacks) & rseq::kMark) != 0; }
// A thread that shares the stacks of its CPU has some of its own, for objects smaller than a cache line.
inline void* own_marked() { return own_cache->marked_own(); }

// The calling thread's cache if it has one.
inline ThreadCache* opened_cache() { return own_cache; }

// The same, opened on its first call; null when it is ending or memory is out.
ThreadCache* current_cache();

}  // namespace neap
