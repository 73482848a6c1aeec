// Switches one service, or a template's instances, to an allocator and back. The order, with a way back from each step:
// checks, journal, files, reload, look whether systemd took it; then, if asked for, restart, verification and watch.
#pragma once
#include <functional>
#include <string>

#include "tool/change/record.h"
#include "tool/checks/finding.h"
#include "tool/model/allocator.h"
#include "tool/model/units.h"
#include "tool/systemd/manager.h"

namespace neap {

inline constexpr const char* system_state_folder = "/var/lib/neap";

struct SwitchOptions {
  bool restart = false;
  bool dry_run = false;
  bool force = false;  // although a check sees an obstacle
  Seconds watch{10};
};

// Where a switch works and whom it tells what. `manager` is null where no systemd runs: files can still be restored.
struct SwitchContext {
  Root root;
  RecordStore store;
  Manager* manager = nullptr;
  std::function<void(const std::string& line)> say;
};

// Further checks before the switch, such as the programs of the unit; filled by the caller.
using UnitChecks = std::function<std::vector<Finding>(const UnitFacts& unit, const Allocator& allocator)>;

// Throws UsageFailure before anything is changed, Failure after everything was rolled back.
void enable_unit(const SwitchContext& context, const std::string& name, const Allocator& allocator,
                 const UnitChecks& checks, const SwitchOptions& options);
void disable_unit(const SwitchContext& context, const std::string& name, const SwitchOptions& options);

}  // namespace neap
