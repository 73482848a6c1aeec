#include "tool/observe/unit_processes.h"

#include <fmt/format.h>

#include "tool/measure/clock.h"
#include "tool/measure/control_group.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr Seconds between_questions{1};

}  // namespace

UnitProcesses::UnitProcesses(Manager& manager, const std::string& unit) : manager_(manager), unit_(unit) {
  seen_ = asked();
  if (seen_.empty()) throw UsageFailure(fmt::format("{} does not run; see: systemctl status {}", unit, unit));
  const std::string control_group = manager.state(unit).control_group;
  if (!control_group.empty() && !processes_below(control_group_folder(control_group)).empty())
    control_group_ = control_group_folder(control_group);
}

std::vector<pid_t> UnitProcesses::asked() const {
  std::vector<pid_t> processes;
  for (const UnitProcess& process : manager_.processes(unit_)) processes.push_back(process.pid);
  return processes;
}

std::vector<pid_t> UnitProcesses::now() {
  if (!control_group_.empty()) return processes_below(control_group_);
  if (const Seconds time = monotonic_now(); time >= next_question_) {
    seen_ = asked();
    next_question_ = time + between_questions;
  }
  return seen_;
}

}  // namespace neap
