#include "release/release.h"

#include "base/units.h"
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

// Discards of one look at the soft limit, a bound on the time of a call.
constexpr int kMaxAtLook = 1024;

// Events that pass at most before what the system refused is tried again.
constexpr std::uint64_t kMaxWait = std::uint64_t{1} << 20;

// From here on it is asked whether commitments are counted, and those of free blocks are given up.
constexpr std::size_t kMinDecommit = std::size_t{1} << 20;

// What is above the limit goes, not all that lies beside it: the rest may be used again soon.
std::size_t blocks_for(std::uint64_t excess) {
  const std::size_t blocks = excess > kNearPages ? (excess - kNearPages) / kPagesPerBlock + 1 : 1;
  return blocks < kMaxBlocksPerDiscard ? blocks : kMaxBlocksPerDiscard;
}

}  // namespace

void Release::act_on(std::uint32_t events, bool publishes_all) {
  const bool first = too_dirty_.load(std::memory_order_relaxed) == 0;
  const std::uint64_t now = pages_.advance(events);
  release_due();
  const bool due = first || publishes_all || now / kClockStep != (now - events) / kClockStep;
  if (due) look_if_due();
  due ? publish() : board_.publish_pages();
}

// The first are told at once: a process may have few.
void Release::count_alone(std::uint32_t events) {
  const std::uint64_t too_dirty = too_dirty_.load(std::memory_order_relaxed), now = pages_.advance(events);
  const bool is_due = now / kClockStep != (now - events) / kClockStep || too_dirty == 0;
  if (!is_due && pages_.dirty_pages() < too_dirty) return;
  release_due();
  if (!is_due) return;
  look_if_due();
  publish();
}

void Release::publish() {
  board_.publish();
  if (board_.was_asked_to_trim()) release_all();
}

Left Release::discard_blocks(char* begin, std::size_t blocks) {
  const std::size_t bytes = blocks * kBlockSize;
  if (bytes >= kMinDecommit && os::counts_commits() && os::decommit(begin, bytes)) return Left::not_even_commitment;
  return os::discard(begin, bytes) ? Left::nothing : Left::all;
}

// False when the system would not take it.
bool Release::release_one(const Due& due) {
  const std::uint64_t refusals = pages_.refusals();
  if (due.what == Due::What::free_run) {
    pages_.end_free_run(due, discard_blocks(due.block->address(), due.blocks));
  } else if (due.what != Due::What::nothing) {
    small_.release_pages(due);
  }
  pages_.end_look();
  return pages_.refusals() == refusals;
}

// What the system would not take is due again, and would be asked for at each event.
void Release::wait_after_refusal() {
  next_try_.store(pages_.events() + refusal_wait_, std::memory_order_relaxed);
  if (refusal_wait_ < kMaxWait) refusal_wait_ *= 2;
}

// One discard a call: what else is due waits for the next events, which come soon in a busy process. But where frees
// outrun that (an event can be a batch of frees on as many blocks, and only one thread is at it), there are several,
// and each thread waits for its turn.
void Release::release_due() {
  if (pages_.events() < next_try_.load(std::memory_order_relaxed)) return;
  const std::uint64_t limit = limits_.dirty_limit();
  const std::uint64_t too_dirty = rest(limit, limits_.passing()) + 1;
  if (too_dirty_.load(std::memory_order_relaxed) != too_dirty) too_dirty_.store(too_dirty, std::memory_order_relaxed);
  const std::uint64_t dirty = pages_.dirty_pages(), far = 2 * limit + kNearPages;
  if (dirty == 0) return;
  const Guard guard = dirty <= far ? Guard(pages_.release_lock(), Guard::Try{}) : Guard(pages_.release_lock());
  if (!guard) return;
  limits_.judge_returns(dirty);
  const std::uint64_t decay = limits_.decay();
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

std::size_t Release::release_all() {
  const Accounts& sums = pages_.accounts();
  const std::uint64_t before = sums.returned_pages.get();
  const Guard guard(pages_.release_lock());
  for (std::uint64_t blocks = sums.committed_bytes.get() / kBlockSize; blocks > 0; --blocks) {
    const Due due = pages_.pop_due(0);
    if (due.what == Due::What::nothing) break;
    release_one(due);
  }
  return (sums.returned_pages.get() - before) * kPageSize;
}

void Release::look_at_limit() {
  const Guard guard(pages_.release_lock(), Guard::Try{});
  if (guard) limits_.look();
}

bool Release::approach_limit() {
  const Guard guard(pages_.release_lock(), Guard::Try{});
  if (!guard) return false;  // somebody else is at it
  limits_.look();
  if (!limits_.is_near()) return false;
  release_to(limits_.dirty_limit());
  pages_.discard_unused_bitmaps();
  return limits_.is_met();
}

// The heap has grown, or time has passed.
void Release::look_if_due() {
  if (limits_.is_look_due() && approach_limit()) small_.give_up_empty_slabs();
}

// Under the release lock.
void Release::release_to(std::uint64_t most) {
  for (int i = 0; i < kMaxAtLook && pages_.dirty_pages() > most; ++i) {
    const Due due = pages_.pop_due(0);
    if (due.what == Due::What::nothing || !release_one(due)) return;
  }
}

}  // namespace neap
