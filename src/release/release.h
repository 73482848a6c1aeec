// Release: gives free pages back to the system, those that lie free for long and those that are too many; the heap's
// limits say which these are.
//
// The clock is heap events, not time: an idle process keeps what it keeps, bounded by the dirty limit, without a timer
// or a thread; a busy one returns a page after Options::decay_events of it lying free. Nothing is discarded under a
// lock that malloc or free can wait for, but for the rare pages behind a slab's last object. The release lock is one
// that they only try, unless they have outrun the release.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bins/small_objects.h"
#include "limits/limits.h"
#include "pages/page_heap.h"
#include "release/board.h"

namespace neap {

// Threads add their events to the process's clock in steps of this many: the clock is one shared cache line. As often
// the board is brought up to date.
inline constexpr std::uint32_t kClockStep = 256;

class Release {
 public:
  constexpr Release(PageHeap& pages, Limits& limits, SmallObjects& small, Board& board)
      : pages_(pages), limits_(limits), small_(small), board_(board) {}

  // Whether a thread may go on keeping so many events to itself. Before the first look every page is one too many, so
  // the first event is told at once.
  bool may_wait(std::uint32_t events) const {
    return events < kClockStep && pages_.dirty_pages() < too_dirty_.load(std::memory_order_relaxed);
  }
  // Moves the clock on, and does what is due by it: a release, a look at the soft limit, an update of the board, which
  // is whole each kClockStep events or when `publishes_all`.
  void act_on(std::uint32_t events, bool publishes_all);
  // The same for events of a thread that keeps none to itself.
  void count_alone(std::uint32_t events);

  // Returns what is due.
  void release_due();
  // Returns every dirty page. Bytes returned.
  std::size_t release_all();

  // Looks how much memory is left before the soft limit.
  void look_at_limit();
  // Looks, and near the limit returns what may not stay. True when the limit is as good as met, so that nothing should
  // be kept for a better time. Takes the release lock if it is free.
  bool approach_limit();

  // Brings the board up to date, and does what was asked for by it.
  void publish();

  // Whether so many pages may become dirty without a look, by what the limit was at the last look.
  bool may_keep(std::uint64_t pages) const { return pages < too_dirty_.load(std::memory_order_relaxed); }
  // Gives back whole blocks that nobody uses, and that are all committed.
  static Left discard_blocks(char* begin, std::size_t blocks);

 private:
  bool release_one(const Due& due);
  void release_to(std::uint64_t most);
  void wait_after_refusal();
  void look_if_due();

  PageHeap& pages_;
  Limits& limits_;
  SmallObjects& small_;
  Board& board_;

  // Changed under the release lock; anybody reads the atomic ones.
  std::uint64_t refusal_wait_ = kClockStep;  // events without a try, after the system refused a discard
  std::atomic<std::uint64_t> next_try_{0};   // the event of the next try
  // Pages: one above the limit of the last look; 0 before the first. Every free that leaves its cache reads it.
  alignas(64) std::atomic<std::uint64_t> too_dirty_{0};
};

}  // namespace neap
