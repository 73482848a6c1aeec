// A template's instances switched by steps: a few canaries, then a part at a time, each step restarted together and
// watched. A step that fails is rolled back alone; started again, it goes on with the instances that are left. After
// the last one the template's own drop-in takes the place of those of its instances.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tool/change/lock.h"
#include "tool/service/unit_switch.h"

namespace neap {

struct StepPlan {
  std::uint64_t canaries = 0;  // instances of the first step; 0: as many as in the others
  std::string step;            // of the others: "5", or "10%" of all; empty: no steps
};

// Throws UsageFailure for a step that is none.
std::vector<std::vector<std::string>> cut_into_steps(const std::vector<std::string>& instances, const StepPlan& plan,
                                                     std::size_t all);

// `lock`: taken for each step, so that others come between.
using TakeLock = std::function<std::unique_ptr<Lock>()>;
SwitchOutcome enable_by_steps(const SwitchContext& context, const std::string& template_name,
                              const Allocator& allocator, const UnitChecks& checks, const SwitchOptions& options,
                              const StepPlan& plan, const TakeLock& lock);

}  // namespace neap
