// A restart under observation: does the service come up, does every process of it run the allocator, does it stay up?
#pragma once
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "tool/model/allocator.h"
#include "tool/model/units.h"
#include "tool/observe/workers.h"
#include "tool/systemd/manager.h"

namespace neap {

class Observation {
 public:
  // Notes what runs before the restart. Without an allocator to verify, the observation is over once the unit is up.
  Observation(Manager& manager, std::string unit, const Allocator* allocator, Seconds time);

  void begin();  // queues the restart
  void look();   // once; asks systemd and the processes
  bool is_over() const { return phase_ == Phase::over; }

  const std::string& unit() const { return unit_; }
  const std::string& why() const { return why_; }  // what went wrong; empty: nothing did
  std::size_t verified() const { return seen_.verified; }
  // Processes older than the restart, which left them running.
  const std::vector<UnitProcess>& passed_over() const { return seen_.passed_over; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase { starting, watching, over };

  void look_at_start(const UnitState& state);
  void look_at_run(const UnitState& state);
  void end(std::string why);

  Manager& manager_;
  std::string unit_;
  const Allocator* allocator_;
  Seconds time_;
  Phase phase_ = Phase::starting;
  Clock::time_point begin_;
  UnitState before_, up_;
  std::set<ProcessIdentity> older_;
  bool kept_workers_ = false;
  std::uint64_t oom_kills_ = 0;
  WorkerDeaths deaths_;
  Examination seen_;
  std::string why_;
};

// Restarts all at once and looks at them until each is over.
void observe(std::vector<Observation>& all);

// Restarts them all on what they had before, failed ones too. Returns how that went, for the end of a message.
std::string restart_on_what_was(Manager& manager, const std::vector<std::string>& units);

// Restarts a unit that only has to come up. Returns why it did not; empty when it did.
std::string restart_and_wait(Manager& manager, const std::string& unit);

}  // namespace neap
