// CpuBudget: a bucket of CPU seconds that fills at a share of one core and is emptied by what reading /proc costs.
// The recorder asks it before every dear read, so that a recording of days stays within its share whatever the size
// of the process. The first seconds are generous: the bucket starts full.
#pragma once
#include <algorithm>

#include "tool/measure/clock.h"

namespace neap {

class CpuBudget {
 public:
  CpuBudget(double percent_of_core, Seconds capacity)
      : rate_(percent_of_core / 100), capacity_(capacity), level_(capacity) {}

  bool allows(Seconds expected_cost) {
    fill();
    return level_ >= std::min(expected_cost, capacity_);
  }

  // How long until what was spent beyond the budget is made up for; zero where nothing was.
  Seconds until_even() {
    fill();
    return Seconds{std::max(0.0, -level_.count / rate_)};
  }

  // Runs `work` and charges the CPU time it took. Returns that time.
  template <class Work>
  Seconds charge(Work&& work) {
    const Seconds before = own_cpu_now();
    work();
    const Seconds cost = own_cpu_now() - before;
    level_ = level_ - cost;
    return cost;
  }

 private:
  void fill() {
    const Seconds now = monotonic_now();
    level_ = std::min(capacity_, level_ + Seconds{(now - filled_).count * rate_});
    filled_ = now;
  }

  double rate_;
  Seconds capacity_;
  Seconds level_;
  Seconds filled_ = monotonic_now();
};

}  // namespace neap
