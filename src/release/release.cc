#include "release/release.h"

#include <algorithm>
#include <span>

#include "base/units.h"
#include "os/os.h"

namespace neap {
namespace {

// As `too_dirty_`: any dirty page exceeds it, so the next event releases again.
constexpr std::uint64_t kGoOn = 1;

// Up to this many pages above the limit, blocks go one by one with the events that follow, since a discard takes half a
// microsecond for each page. What exceeds that goes at once; otherwise a burst of frees would outrun the release.
constexpr std::uint64_t kNearPages = 64;

// The pages of so many blocks go by one call, where the system can do that.
constexpr std::size_t kMaxTogether = 16;

// Far above the limit, an event makes up to this many discards; fewer where each takes several blocks, and more where
// the heap has fallen, as more events may not follow.
constexpr int kMaxInARow = 8, kMaxTogetherInARow = 2, kMaxFallen = 64;

int most_in_a_row(bool has_fallen) {
  return has_fallen ? kMaxFallen : os::may_discard_together() ? kMaxTogetherInARow : kMaxInARow;
}

// One look at the soft limit makes at most this many discards, which bounds the time of a call.
constexpr int kMaxAtLook = 1024, kMaxTogetherAtLook = 256;

// The longest wait, in events, before what the system refused is tried again.
constexpr std::uint64_t kMaxWait = std::uint64_t{1} << 20;

// Old pages are looked for after this many events, or after an eighth of the time that they may stay.
constexpr std::uint64_t kMaxLookStep = 1024, kLooksInDecay = 8;

// From this size on the system is asked whether it counts commitments, and if so, those of free blocks are given up
// too.
constexpr std::size_t kMinDecommit = std::size_t{1} << 20;

bool decommit_blocks(char* begin, std::size_t blocks) {
  const std::size_t bytes = blocks * kBlockSize;
  return bytes >= kMinDecommit && os::counts_commits() && os::decommit(begin, bytes);
}

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
  if (!first && !publishes_all && now / kPublishStep == (now - events) / kPublishStep) return;
  look_if_due();
  publish();
}

// The first events are counted at once, as a process may have few.
void Release::count_alone(std::uint32_t events) {
  const std::uint64_t too_dirty = too_dirty_.load(std::memory_order_relaxed), now = pages_.advance(events);
  const bool is_due = now / kPublishStep != (now - events) / kPublishStep || too_dirty == 0;
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
  if (decommit_blocks(begin, blocks)) return Left::not_even_commitment;
  return os::discard(begin, blocks * kBlockSize) ? Left::nothing : Left::all;
}

// Gives back what is due: a run of free blocks, or the dirty pages of one other block; of several, where the
// system takes them by one call. As pop_due takes them. (Above the limit, of no more blocks than pages are too many:
// one page is the least that each has, and what goes without need comes back.)
Release::Outcome Release::release_some(std::uint64_t older_than, std::size_t most_blocks, std::uint64_t most_together) {
  const std::uint64_t refusals = pages_.refusals();
  const std::size_t most = os::may_discard_together() ? std::min<std::uint64_t>(most_together, kMaxTogether) : 1;
  Aside asides[kMaxTogether];
  Due runs[kMaxTogether];
  std::size_t aside_count = 0, run_count = 0;
  bool any = false;
  for (std::size_t blocks = 0; blocks < most;) {
    const Due due = pages_.pop_due(older_than, most_blocks);
    if (due.what == Due::What::nothing) break;
    any = true;
    blocks += due.blocks;
    if (due.what == Due::What::free_run) {
      if (!pages_.shut_free(due)) runs[run_count++] = due;
    } else if (due.what == Due::What::tail) {
      asides[aside_count++] = pages_.aside_of_tail(*due.block);
    } else if (const PageMask pages = small_.set_aside(due)) {
      asides[aside_count++] = {due.block, pages};
    }
    pages_.end_look();
  }
  if (run_count != 0 && pages_.may_decommit() &&
      decommit_blocks(runs[run_count - 1].block->address(), runs[run_count - 1].blocks)) {
    pages_.end_free_run(runs[--run_count], Left::not_even_commitment);
  }
  pages_.discard({asides, aside_count}, {runs, run_count});
  for (const Aside& aside : std::span(asides, aside_count)) {
    aside.first != nullptr ? pages_.end_tail(aside) : small_.end_aside(aside);
  }
  for (std::size_t i = 0; i < run_count; ++i) pages_.end_free_run(runs[i], runs[i].kept ? Left::all : Left::nothing);
  return !any ? Outcome::nothing : pages_.refusals() == refusals ? Outcome::done : Outcome::refused;
}

// Pages that the system refused are due again, and would be tried at each event.
void Release::wait_after_refusal() {
  next_try_.store(pages_.events() + refusal_wait_, std::memory_order_relaxed);
  if (refusal_wait_ < kMaxWait) refusal_wait_ *= 2;
}

// A look in vain costs as much as a discard, so it is not made at every event.
void Release::look_again_later(std::uint64_t decay) {
  const std::uint64_t step = decay / kLooksInDecay;
  next_look_.store(pages_.events() + (step < kMaxLookStep ? step : kMaxLookStep), std::memory_order_relaxed);
}

void Release::judge() {
  const Guard guard(pages_.release_lock(), Guard::Try{});
  if (guard) limits_.judge_returns();
}

// Makes one discard; what else is due waits for the next events, which come soon in a busy process. But frees can
// outrun that, because an event can be a batch of frees on as many blocks, and only one thread releases at a time. Far
// above the limit a call therefore makes several discards, and each thread waits for its turn; and somewhat above it
// already where a load may end, because no event may follow.
void Release::release_due() {
  if (pages_.events() < next_try_.load(std::memory_order_relaxed)) return;
  const std::uint64_t limit = limits_.dirty_limit();
  const std::uint64_t too_dirty = rest(limit, limits_.slack()) + 1;  // the slack can end without an event
  if (too_dirty_.load(std::memory_order_relaxed) != too_dirty) too_dirty_.store(too_dirty, std::memory_order_relaxed);
  const std::uint64_t dirty = pages_.dirty_pages();
  if (dirty == 0) return;
  const bool looks = pages_.events() >= next_look_.load(std::memory_order_relaxed);
  if (dirty <= limit && !looks && !limits_.is_judgement_due()) return;
  const bool has_fallen = limits_.has_fallen();
  const std::uint64_t far = (has_fallen ? 1 : 2) * limit + kNearPages;
  const Guard guard = dirty <= far ? Guard(pages_.release_lock(), Guard::Try{}) : Guard(pages_.release_lock());
  if (!guard) return;
  limits_.judge_returns();
  const std::uint64_t decay = limits_.decay();
  const int most = most_in_a_row(has_fallen);
  Outcome outcome = Outcome::done;
  for (int i = 0; i < most && outcome == Outcome::done; ++i) {
    const std::uint64_t now = pages_.dirty_pages(), excess = rest(now, limits_.dirty_limit());
    if (i != 0 && now <= far) break;
    outcome = excess != 0 ? release_some(0, blocks_for(excess), excess) : release_some(decay, 1, 1);
    if (outcome == Outcome::nothing && excess == 0) look_again_later(decay);
    if (outcome == Outcome::refused) wait_after_refusal();
    if (outcome != Outcome::done) continue;
    refusal_wait_ = kClockStep;
    too_dirty_.store(kGoOn, std::memory_order_relaxed);
  }
  board_.publish_pages();
}

std::size_t Release::release_all() {
  const Accounts& sums = pages_.accounts();
  const std::uint64_t before = sums.returned_pages.get();
  const Guard guard(pages_.release_lock());
  for (std::uint64_t blocks = sums.committed_bytes.get() / kBlockSize; blocks > 0; --blocks) {
    if (release_some(0) == Outcome::nothing) break;
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

// Looks at the soft limit if the heap has grown much, or time has passed.
void Release::look_if_due() {
  if (limits_.is_look_due() && approach_limit()) small_.give_up_empty_slabs();
}

// Releases until at most `most` pages are dirty. Called under the release lock.
void Release::release_to(std::uint64_t most) {
  const int calls = os::may_discard_together() ? kMaxTogetherAtLook : kMaxAtLook;
  for (int i = 0; i < calls && pages_.dirty_pages() > most; ++i) {
    if (release_some(0) != Outcome::done) return;
  }
}

}  // namespace neap
