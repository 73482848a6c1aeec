// Limits: how many free pages the heap may keep, for how long, and how near it is to a limit of memory. Limits look at
// the system and at the heap's sums. They give nothing back themselves; release/release.h does.
//
// Changes under the release lock (PageHeap::release_lock); read by anybody.
#pragma once

#include <cstdint>

#include "base/options.h"
#include "base/units.h"
#include "limits/regret.h"
#include "limits/soft_limit.h"
#include "os/os.h"
#include "pages/page_heap.h"

namespace neap {

class Limits {
 public:
  constexpr Limits(const Options& options, PageHeap& pages) : options_(options), pages_(pages) {}

  // The most dirty pages that may stay.
  std::uint64_t dirty_limit() const;
  // How many of them may stay only because it has cost too much to give pages back.
  std::uint64_t slack() const { return regret_.slack() == 0 || is_near() ? 0 : regret_.slack_at(pages_in_use()); }
  // Whether the last frees have taken slack away: Regret::has_fallen.
  bool has_fallen() const { return regret_.slack() != 0 && regret_.has_fallen(pages_in_use()); }
  // Whether a process's first moments are over, so that the returns have to be judged.
  bool is_judgement_due() const { return regret_.is_new() && regret_.is_past(os::coarse_time()); }
  // After how many events a dirty page goes back although the limit is not met.
  std::uint64_t decay() const;

  // How far the heap is from the soft limit of memory. Without one it is never near.
  bool is_near() const { return soft_limit_.is_near(resident_pages()); }
  bool is_met() const { return soft_limit_.is_met(resident_pages()); }

  // Whether a heap that grows by `more` pages has to look at the system first.
  bool wants_look(std::uint64_t more) const { return soft_limit_.wants_look(resident_pages() + more); }
  // Whether a look at the system is due, because the heap has grown or because time has passed.
  bool is_look_due() const;
  // Looks how much memory is left, if there is a soft limit.
  void look();

  // Called when the process begins.
  void begin() { regret_.begin(os::coarse_time()); }
  // Judges, by the heap's sums, what it has cost to give pages back.
  void judge_returns();

 private:
  std::uint64_t resident_pages() const { return pages_.accounts().resident_pages.get(); }
  std::uint64_t pages_in_use() const { return rest(resident_pages(), pages_.dirty_pages()); }

  const Options& options_;
  PageHeap& pages_;
  Regret regret_;
  SoftLimit soft_limit_;
};

}  // namespace neap
