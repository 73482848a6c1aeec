// Regret: measures what it costs that pages were given back to the system too early. A page is missed when it is taken
// again so soon that a somewhat higher limit would have kept it (PageHeap::is_missed). Each missed page costs a discard
// and a fault. Where a process spends much of its time on missed pages, and not only for a moment, the heap may keep
// more free pages than its limit says: the slack. It gives them up when they are of no use any more. In its first
// moments a process may keep them too, because many end before they could be judged
// (docs/decisions/036-first-moments.md).
//
// The judgement is by time, not by counts of pages. A server that frees and takes 100 MB once a second is not to keep
// them; one that does nothing else is.
//
// Changes under the release lock; what is atomic is read by anybody.
#pragma once

#include <atomic>
#include <cstdint>

namespace neap {

// Sums at one moment.
struct PageTraffic {
  std::uint64_t time = 0;    // nanoseconds; 0: the system has no clock
  std::uint64_t missed = 0;  // pages, ever
  std::uint64_t reused = 0;  // free pages taken again that were kept, ever
  std::uint64_t in_use = 0;  // pages that are not free
  std::uint64_t calls = 0;   // made to give pages back, ever
  bool has_threads = false;  // several
};

class Regret {
 public:
  // How many pages the heap may keep beyond its limit, by the last look.
  std::uint64_t slack() const { return slack_.load(std::memory_order_relaxed); }
  // How many it may keep while `in_use` pages are not free. What has been freed since the last look counts, because
  // none may follow: a process that falls idle makes no events.
  std::uint64_t slack_at(std::uint64_t in_use) const;
  // Whether so few pages are in use that it may be a load's end.
  bool has_fallen(std::uint64_t in_use) const;
  // How many more pages the slack could become. A page that came back after more returns than that would not have been
  // kept anyway.
  std::uint64_t reach() const;

  // Called when the process begins. Without this call it has no first moments.
  void begin(std::uint64_t time);
  void look(const PageTraffic& now);
  // Whether a process is in its first moments, as far as it was looked at.
  bool is_new() const { return is_new_.load(std::memory_order_relaxed); }
  // Whether the first moments are over by now, but no look has ended them yet.
  bool is_past(std::uint64_t time) const;

 private:
  void judge(std::uint64_t lost, std::uint64_t saved, std::uint64_t span);
  void note_use(std::uint64_t in_use);
  std::uint64_t steady_use() const;
  std::uint64_t most() const;

  static constexpr std::uint32_t kNever = 63;  // so many halvings leave no slack

  std::atomic<std::uint64_t> slack_{0};
  std::atomic<std::uint64_t> fallen_below_{0};  // pages in use
  std::atomic<bool> is_steady_{false};
  std::atomic<bool> is_new_{false};  // in its first moments
  std::uint64_t begin_ = 0;          // when it began (with the first moments), or was looked at first
  PageTraffic last_;
  std::uint64_t low_ = 0, mean_ = 0, high_ = 0;  // pages in use at the windows' ends of late
  std::uint32_t hot_ = 0;                        // windows in a row
  std::uint32_t halvings_ = kNever;              // of the slack, since it began
};

}  // namespace neap
