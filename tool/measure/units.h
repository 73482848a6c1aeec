// Units: services and their processes, as systemd tells them through systemctl. The processes of a unit are those of
// its control group; their memory is what a collection of an experiment reads.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

struct MeasuredUnit {
  std::string name;
  pid_t main_process = 0;  // 0: it does not run
  std::string control_group;
  std::vector<pid_t> processes;
};

// Loaded services whose names fit one of the patterns ("tor@*"), sorted. Throws Failure without a systemctl that
// answers.
std::vector<std::string> find_units(const std::vector<std::string>& patterns);

// One for each name, in that order; one call for all.
std::vector<MeasuredUnit> look_at_units(const std::vector<std::string>& names);

// The processes of one unit, again and again, over its restarts. Its control group keeps its name; a unit without one
// is asked for through systemctl, once a second at most.
class UnitProcesses {
 public:
  explicit UnitProcesses(const std::string& unit);  // throws UsageFailure when it does not run
  std::vector<pid_t> now();

 private:
  std::string unit_;
  std::string control_group_;
  std::vector<pid_t> seen_;
  Seconds next_question_{};
};

// Sum over the unit's processes; a process that ends meanwhile counts nothing.
Bytes resident_memory(const MeasuredUnit& unit);

}  // namespace neap
