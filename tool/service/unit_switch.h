// Switches a service, or a template's instances, to an allocator. The order, with a way back from each step: checks,
// journal, files, reload, look whether systemd took it; then, if asked for, restart, verification and watch.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tool/change/journal.h"
#include "tool/checks/finding.h"
#include "tool/model/allocator.h"
#include "tool/model/units.h"
#include "tool/service/drop_in.h"
#include "tool/service/scope.h"
#include "tool/systemd/manager.h"

namespace neap {

inline constexpr const char* system_state_folder = "/var/lib/neap";

struct SwitchOptions {
  bool restart = false;
  bool dry_run = false;
  bool force = false;     // although a check sees an obstacle
  bool children = false;  // what the service starts for others too: sessions, jobs
  Seconds watch{10};
  Seconds lock_patience{60};  // how long another neap is waited for
  Seconds probation{0};       // 0: none
};

// Where a switch works and whom it tells what. `manager` is null where no systemd runs: files can still be restored.
struct SwitchContext {
  Root root;
  Journal journal;
  Manager* manager = nullptr;
  std::function<void(const std::string& line)> say;
  Scope scope;
};

// What came of one target, for whoever reads JSON.
struct SwitchOutcome {
  std::string target, allocator;
  bool changed = false;                // a file was written, or something restarted
  std::vector<std::string> restarted;  // units
  std::size_t verified = 0;            // processes
};

// Further checks before the switch, such as the programs of the unit; filled by the caller.
using UnitChecks = std::function<std::vector<Finding>(const UnitFacts& unit, const Allocator& allocator)>;

// Throws UsageFailure before anything is changed, Failure after everything was rolled back.
SwitchOutcome enable_unit(const SwitchContext& context, const std::string& name, const Allocator& allocator,
                          const UnitChecks& checks, const SwitchOptions& options);

// The facts of a service that can be switched. Throws UsageFailure for one that is unknown or masked.
UnitFacts known_unit(Manager& manager, const std::string& name);

// Throws UsageFailure when a check found an obstacle; says what it warns of.
void check_before_switch(const SwitchContext& context, const UnitFacts& unit, const Allocator& allocator,
                         const UnitChecks& checks, const SwitchOptions& options);

// The journal entries that steps of a template made for its instances.
std::vector<Entry> entries_of_steps(const Journal& journal, const std::string& template_name);

// The files of one target on their way from one allocator to another. The caller reloads systemd and restarts units.
class UnitSwitch {
 public:
  UnitSwitch(const SwitchContext& context, UnitFacts unit, const Allocator& allocator, const SwitchOptions& options);

  const UnitFacts& unit() const { return unit_; }
  const std::vector<std::string>& running() const { return running_; }
  bool is_in_force() const;
  std::string described() const;  // the change, for a dry run
  const std::vector<std::string>& notes() const { return plan_.notes; }

  // The journal, then the files; of a switch that is in force nothing. `part_of`: the template whose steps it is of.
  void write(const std::string& part_of = {});
  void check_loaded();  // after the reload: throws Failure when systemd gives the unit something else
  void undo();          // the files as they were
  // Takes marks and memory before the switch from the entries that this one replaces.
  void take_over(const std::vector<Entry>& parts);
  // The journal entry as it ends: verified by restarts of these units, or waiting for them.
  void finish(const std::vector<std::string>& restarted, const SwitchOptions& options);

 private:
  void resume();
  void refuse_unknown_drop_in() const;

  const SwitchContext& context_;
  Manager& manager_;
  UnitFacts unit_;
  const Allocator& allocator_;
  std::optional<Entry> replaced_;
  DropInPlan plan_;
  Entry next_;
  std::vector<std::string> running_;
};

}  // namespace neap
