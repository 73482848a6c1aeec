// Release: gives free pages back to the system, those that have been free for long and those that are too many; the
// heap's limits say which these are.
//
// The clock is heap events, not time. So an idle process keeps what it has, bounded by the dirty limit, without a timer
// or a thread; a busy one returns a page once it has been free for Options::decay_events.
//
//   act_on               a thread's events reach the process's clock (Caches::count_events)
//     release_due        if pages are above the limit, or if it is time to look for old ones
//       release_some     takes slabs, mixed blocks and runs of free blocks from the dirty queue, and discards their
//                        pages together; only one where the system does not know that
//     look_if_due        only with a soft limit: looks how much memory is left
//     publish            brings the board up to date, and trims if that was asked for
//   approach_limit       the heap is about to grow near a soft limit: returns what may not stay there
//   release_all          malloc_trim, neap_trim, `neap trim`: every dirty page
//
// Nothing is discarded under a lock that malloc or free can wait for, except the rare pages behind a slab's last
// object. The release lock is one that malloc and free only try, unless frees have outrun the release.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bins/small_objects.h"
#include "limits/limits.h"
#include "pages/page_heap.h"
#include "release/board.h"

namespace neap {

// Threads add their events to the process's clock in steps of this many, because the clock is a cache line that all
// threads share.
inline constexpr std::uint32_t kClockStep = 256;

// All of the board is brought up to date each so many events: that reads a line of every bin.
inline constexpr std::uint32_t kPublishStep = 1024;

class Release {
 public:
  constexpr Release(PageHeap& pages, Limits& limits, SmallObjects& small, Board& board)
      : pages_(pages), limits_(limits), small_(small), board_(board) {}

  // Whether a thread may keep so many events to itself. Before the first look at the limit every page is one too many,
  // so the first event is counted at once.
  bool may_wait(std::uint32_t events) const {
    return events < kClockStep && pages_.dirty_pages() < too_dirty_.load(std::memory_order_relaxed);
  }
  // Moves the clock on, and does what is due by it: a release, a look at the soft limit, an update of the board, which
  // `publishes_all` makes due.
  void act_on(std::uint32_t events, bool publishes_all);
  // The same for a thread that keeps no events to itself.
  void count_alone(std::uint32_t events);

  // Returns what is due.
  void release_due();
  // Returns every dirty page. Bytes returned.
  std::size_t release_all();

  // Judges what it costs to give pages back, as release_due does. For the end of a large object that costs anything: a
  // program may take and free nothing else, and so have few events.
  void judge();

  // Looks how much memory is left before the soft limit.
  void look_at_limit();
  // Looks how much memory is left, and near the limit returns what may not stay. True when the limit is as good as met,
  // so that nothing should be kept for later use. Does nothing where another thread has the release lock.
  bool approach_limit();

  // Brings the board up to date, and trims if somebody has asked for that by the board.
  void publish();

  // Whether so many pages may become dirty at all, by the limit at the last look.
  bool may_keep(std::uint64_t pages) const { return pages < too_dirty_.load(std::memory_order_relaxed); }
  // Gives back the memory of whole blocks that nobody uses, and that are all committed.
  static Left discard_blocks(char* begin, std::size_t blocks);

 private:
  enum class Outcome : std::uint8_t { nothing, done, refused };
  Outcome release_some(std::uint64_t older_than, std::size_t most_blocks = kMaxBlocksPerDiscard,
                       std::uint64_t most_together = UINT64_MAX);
  void look_again_later(std::uint64_t decay);
  void release_to(std::uint64_t most);
  void wait_after_refusal();
  void look_if_due();

  PageHeap& pages_;
  Limits& limits_;
  SmallObjects& small_;
  Board& board_;

  // Changed under the release lock; anybody reads the atomic ones.
  std::atomic<std::uint64_t> next_look_{0};  // the event of the next look for old pages
  std::uint64_t refusal_wait_ = kClockStep;  // events without a try, after the system refused a discard
  std::atomic<std::uint64_t> next_try_{0};   // the event of the next try
  // Pages: one above the limit of the last look; 0 before the first. Every free that leaves its cache reads it.
  alignas(64) std::atomic<std::uint64_t> too_dirty_{0};
};

}  // namespace neap
