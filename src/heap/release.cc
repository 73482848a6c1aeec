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
constexpr std::uint64_t kNearPages = 64;

// Far above the limit a call makes so many discards, one after the other.
constexpr int kMaxInARow = 8;

// While pages come back as fast as they go, they wait so many times longer.
constexpr std::uint64_t kHotDecay = 8;

// Events that pass at most before what the system refused is tried again.
constexpr std::uint64_t kMaxWait = std::uint64_t{1} << 20;

// What is above the limit goes, not all that lies beside it: the rest may be used again soon.
std::size_t blocks_for(std::uint64_t excess) {
  const std::size_t blocks = excess > kNearPages ? (excess - kNearPages) / kPagesPerBlock + 1 : 1;
  return blocks < kMaxBlocksPerDiscard ? blocks : kMaxBlocksPerDiscard;
}

}  // namespace

std::uint64_t Heap::dirty_limit() const {
  const std::uint64_t floor = __atomic_load_n(&options.dirty_floor, __ATOMIC_RELAXED);  // mallopt may change it
  return most_dirty(pages_of(floor) + accounts().resident_pages.get() * options.dirty_percent / 100 + slack());
}

void Heap::act_on(std::uint32_t events, bool publish_all) {
  const bool first = too_dirty_.load(std::memory_order_relaxed) == 0;
  const std::uint64_t now = pages_.advance(events);
  release_due();
  const bool due = first || publish_all || now / kClockStep != (now - events) / kClockStep;
  if (due) look_if_due();
  due ? publish() : publish_pages();
}

// One large object can be most of a program's memory: the board tells at once. (Of spares, which are small, later.)
void Heap::count_large_event(ThreadCache* cache) {
  count_events(cache, 1);
  publish_pages();
}

// False when the system would not take it.
bool Heap::release_one(const Due& due) {
  const std::uint64_t refusals = pages_.refusals();
  if (due.what == Due::What::slab) {
    const BinId id = BinId::of(*due.block);
    bin(id).release_pages(id, *due.block, pages_);
  } else if (due.what == Due::What::mixed) {
    mixed_.release_pages(*due.block, pages_);
  } else if (due.what == Due::What::free_run) {
    pages_.end_free_run(due, discard_blocks(due.block->address(), due.blocks));
  }
  pages_.end_look();
  return pages_.refusals() == refusals;
}

// What the system would not take is due again, and would be asked for at each event.
void Heap::wait_after_refusal() {
  next_try_.store(pages_.events() + refusal_wait_, std::memory_order_relaxed);
  if (refusal_wait_ < kMaxWait) refusal_wait_ *= 2;
}

// One discard a call: what else is due waits for the next events, which come soon in a busy process. But where frees
// outrun that (an event can be a batch of frees on as many blocks, and only one thread is at it), there are several,
// and each thread waits for its turn.
void Heap::release_due() {
  if (pages_.events() < next_try_.load(std::memory_order_relaxed)) return;
  const std::uint64_t limit = dirty_limit();
  if (too_dirty_.load(std::memory_order_relaxed) != limit + 1) too_dirty_.store(limit + 1, std::memory_order_relaxed);
  const std::uint64_t dirty = pages_.dirty_pages(), far = 2 * limit + kNearPages;
  if (dirty == 0) return;
  const Guard guard = dirty <= far ? Guard(release_lock_, Guard::Try{}) : Guard(release_lock_);
  if (!guard) return;
  regret_.look({os::coarse_time(), accounts().missed_pages.get(), accounts().reused_pages.get(),
                accounts().resident_pages.get() - dirty});
  pages_.set_reach(regret_.reach());
  const std::uint64_t decay = slack() != 0 ? options.decay_events * kHotDecay : options.decay_events;
  for (int i = 0; i < kMaxInARow; ++i) {
    const std::uint64_t now = pages_.dirty_pages();
    if (i != 0 && now <= far) break;
    const Due due = now > limit ? pages_.pop_due(0, blocks_for(now - limit)) : pages_.pop_due(decay, 1);
    if (due.what == Due::What::nothing) break;
    if (!release_one(due)) {
      wait_after_refusal();
      break;
    }
    refusal_wait_ = kClockStep;
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
