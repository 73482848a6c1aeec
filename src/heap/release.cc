// The release policy: when free pages go back to the system.
//
// The clock is heap events, not time: an idle process keeps what it keeps, bounded by the dirty limit, without a timer
// or a thread; a busy one returns a page after Options::decay_events of it lying free. Nothing is discarded under a
// lock that malloc or free can wait for, but for the rare pages behind a slab's last object.
#include "heap/heap.h"
#include "os/os.h"

namespace neap {
namespace {

// A limit that any dirty page exceeds: the next event releases again.
constexpr std::uint64_t kGoOn = 1;

// While so many pages are above the limit, they go block by block with the events that follow: a discard takes half a
// microsecond for each page. What exceeds that goes at once, or a burst of frees would outrun it.
constexpr std::uint64_t kSlackPages = 64;

// What is above the limit goes, not all that lies beside it: the rest may be used again soon.
std::size_t blocks_for(std::uint64_t excess) {
  const std::size_t blocks = excess > kSlackPages ? (excess - kSlackPages) / kPagesPerBlock + 1 : 1;
  return blocks < kMostBlocksPerDiscard ? blocks : kMostBlocksPerDiscard;
}

}  // namespace

std::uint64_t Heap::dirty_limit() const {
  const std::uint64_t floor = __atomic_load_n(&options.dirty_floor, __ATOMIC_RELAXED);  // mallopt may change it
  return pages_of(floor) + accounts().resident_pages.get() * options.dirty_percent / 100;
}

void Heap::act_on(std::uint32_t events, bool publish_all) {
  const bool first = too_dirty_.load(std::memory_order_relaxed) == 0;
  const std::uint64_t now = pages_.advance(events);
  release_due();
  const bool due = first || publish_all || now / kClockStep != (now - events) / kClockStep;
  due ? publish() : publish_pages();
}

// One large object can be most of a program's memory: the board tells at once. (Of spares, which are small, later.)
void Heap::count_large_event(ThreadCache* cache) {
  count_events(cache, 1);
  publish_pages();
}

void Heap::release_one(const Due& due) {
  if (due.what == Due::What::slab) {
    const std::size_t c = due.block->class_index();
    bins_[c].release_pages(static_cast<ClassIndex>(c), *due.block, pages_);
  } else if (due.what == Due::What::mixed) {
    mixed_.release_pages(*due.block, pages_);
  } else if (due.what == Due::What::free_run) {
    pages_.end_free_run(due, os::discard(due.block->address(), due.blocks * kBlockSize));
  }
}

// One discard a call: what else is due waits for the next events, which come soon in a busy process.
void Heap::release_due() {
  const std::uint64_t limit = dirty_limit(), dirty = pages_.dirty_pages();
  if (too_dirty_.load(std::memory_order_relaxed) != limit + 1) too_dirty_.store(limit + 1, std::memory_order_relaxed);
  if (dirty == 0) return;
  const Guard guard(release_lock_, Guard::Try{});
  if (!guard) return;
  const Due due =
      dirty > limit ? pages_.pop_due(0, blocks_for(dirty - limit)) : pages_.pop_due(options.decay_events, 1);
  if (due.what != Due::What::nothing) {
    release_one(due);
    too_dirty_.store(kGoOn, std::memory_order_relaxed);
  }
}

std::size_t Heap::release_all() {
  const std::uint64_t before = accounts().returned_pages.get();
  Guard guard(release_lock_);
  for (std::uint64_t blocks = accounts().committed_bytes.get() / kBlockSize; blocks > 0; --blocks) {
    const Due due = pages_.pop_due(0);
    if (due.what == Due::What::nothing) break;
    release_one(due);
  }
  return (accounts().returned_pages.get() - before) * kPageSize;
}

}  // namespace neap
