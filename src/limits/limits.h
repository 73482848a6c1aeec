// Limits: how many free pages the heap may keep, for how long, and how near it is to a limit of memory. Limits look at
// the system and at the heap's sums; they give nothing back themselves (release/release.h does).
//
// What changes here changes under the release lock (PageHeap::release_lock). Anybody reads it.
#pragma once

#include <cstdint>

#include "base/options.h"
#include "limits/regret.h"
#include "limits/soft_limit.h"
#include "pages/page_heap.h"

namespace neap {

class Limits {
 public:
  constexpr Limits(const Options& options, PageHeap& pages) : options_(options), pages_(pages) {}

  // The most dirty pages that may stay.
  std::uint64_t dirty_limit() const;
  // Those of them that stay only because it cost too much to give their like back.
  std::uint64_t slack() const { return is_near() ? 0 : regret_.slack(); }
  // Those of them that will be one too many soon, without any event.
  std::uint64_t passing() const { return regret_.passing(); }
  // The events after which a dirty page goes back although the limit is not met.
  std::uint64_t decay() const;

  // How far the heap is from the soft limit of memory. Without one it is never near.
  bool is_near() const { return soft_limit_.is_near(resident_pages()); }
  bool is_met() const { return soft_limit_.is_met(resident_pages()); }

  // Whether a heap that grows by `more` pages has to look at the system first.
  bool wants_look(std::uint64_t more) const { return soft_limit_.wants_look(resident_pages() + more); }
  // Whether a look is due because the heap has grown, or because time has passed.
  bool is_look_due() const;
  // Looks how much memory is left, if a soft limit was asked for.
  void look();

  // The process begins.
  void begin() { regret_.begin(os::coarse_time()); }
  // Judges by the heap's sums what it has cost to give pages back. `dirty` pages are free now.
  void judge_returns(std::uint64_t dirty);

 private:
  std::uint64_t resident_pages() const { return pages_.accounts().resident_pages.get(); }

  const Options& options_;
  PageHeap& pages_;
  Regret regret_;
  SoftLimit soft_limit_;
};

}  // namespace neap
