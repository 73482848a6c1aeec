// Near a soft limit of memory: when the heap looks how much is left, and what it gives back (docs/limits.md).
#include <algorithm>

#include "heap/heap.h"
#include "os/os.h"

namespace neap {
namespace {

// Free pages may be this part of what is left.
constexpr std::uint64_t kDirtyShare = 4;

// A slab of which this part is free may be opened at the limit.
constexpr std::uint32_t kOpenShare = 8;

// Where no slab was found to open, events pass before the next search.
constexpr std::uint64_t kSearchEvery = 4096;

// Discards of one look, a bound on the time of a call.
constexpr int kMaxDiscards = 1024;

}  // namespace

std::uint64_t Heap::most_dirty(std::uint64_t usual) const {
  return std::min(usual, soft_limit_.margin(accounts().resident_pages.get()) / kDirtyShare);
}

void Heap::look_at_limit() {
  if (options.soft_limit == 0) return;
  const Guard guard(release_lock_, Guard::Try{});
  if (guard) look();
}

// Under the release lock. The heap's own metadata counts for a limit of its own, as it does for the group's.
void Heap::look() {
  const std::uint64_t resident = accounts().resident_pages.get();
  if (options.soft_limit != kByControlGroup) {
    const std::uint64_t limit = options.soft_limit / kPageSize;
    soft_limit_.learn(limit, rest(limit, resident + accounts().metadata_bytes.get() / kPageSize), resident);
  } else if (os::GroupMemory group; os::group_memory(group)) {
    const bool none = group.limit == UINT64_MAX;
    soft_limit_.learn(none ? UINT64_MAX : group.limit / kPageSize, group.left() / kPageSize, resident);
  }
  soft_limit_.note_look(resident, os::coarse_time());
}

// The heap is about to grow, or time has passed. `cache`, if one is given, has no stack in anybody's hand.
void Heap::approach_limit(ThreadCache* cache) {
  {
    const Guard guard(release_lock_, Guard::Try{});
    if (!guard) return;  // somebody else is at it
    look();
    if (!is_near_limit()) return;
    release_to(dirty_limit());
    pages_.discard_unused_bitmaps();
  }
  if (!is_limit_met()) return;
  if (cache != nullptr) flush_all(*cache);
  give_up_empty_slabs();
}

// The heap has grown, or time has passed.
void Heap::look_if_due() {
  if (options.soft_limit == 0) return;
  if (wants_look(0) || soft_limit_.wants_look_after(os::coarse_time())) approach_limit(nullptr);
}

// Under the release lock.
void Heap::release_to(std::uint64_t most) {
  for (int i = 0; i < kMaxDiscards && pages_.dirty_pages() > most; ++i) {
    const Due due = pages_.pop_due(0);
    if (due.what == Due::What::nothing || !release_one(due)) return;
  }
}

// At the limit, before a block is taken: an object of the class in a slab of as large ones that is opened for it, or
// null.
void* Heap::take_before_block(std::size_t c) {
  const std::uint64_t now = pages_.events();
  if (!is_limit_met() || now < next_search_.load(std::memory_order_relaxed)) return nullptr;
  void* object = nullptr;
  if (open_any_slab(c, kOpenShare)) mixed_.take(static_cast<ClassIndex>(c), pages_, &object, 1);
  if (object == nullptr) next_search_.store(now + kSearchEvery, std::memory_order_relaxed);
  return object;
}

}  // namespace neap
