// Round: targets that are switched, restarted and watched together. One that fails takes its round back with it, and
// nothing else.
#pragma once
#include <string>
#include <vector>

#include "tool/observe/observation.h"
#include "tool/service/unit_switch.h"

namespace neap {

class Round {
 public:
  // `part_of`: the template whose steps the targets are; empty: each was asked for itself.
  Round(const SwitchContext& context, std::vector<UnitSwitch> targets, const Allocator& allocator,
        const SwitchOptions& options, std::string part_of = {});

  SwitchOutcome show() const;  // what run() would do
  // Restarts the units of the round one after the other, or all at once. Throws Failure once everything is rolled back.
  enum class Pace { one_by_one, together };
  SwitchOutcome run(Pace pace);

 private:
  std::vector<std::string> to_restart();
  bool runs_already(const std::string& unit) const;
  void restart(const std::vector<std::string>& units, Pace pace);
  void restart_some(const std::vector<std::string>& units);
  [[noreturn]] void take_back(const std::string& why);
  void finish(SwitchOutcome& outcome);
  void say_end(const UnitSwitch& target) const;

  const SwitchContext& context_;
  Manager& manager_;
  std::vector<UnitSwitch> targets_;
  const Allocator& allocator_;
  const SwitchOptions& options_;
  std::string part_of_;
  std::vector<std::string> restarted_;
  std::size_t verified_ = 0;
};

}  // namespace neap
