// The processes of one unit, again and again, over its restarts: what `record --unit` samples. Its control group keeps
// its name; of a unit without one systemd is asked, once a second at most.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "tool/model/units.h"
#include "tool/systemd/manager.h"

namespace neap {

class UnitProcesses {
 public:
  UnitProcesses(Manager& manager, const std::string& unit);  // throws UsageFailure when it does not run
  std::vector<pid_t> now();

 private:
  std::vector<pid_t> asked() const;
  Manager& manager_;
  std::string unit_;
  std::string control_group_;  // empty: it has none that can be read here
  std::vector<pid_t> seen_;
  Seconds next_question_{};
};

}  // namespace neap
