// UnitMetrics: what one look at one service gave, for `neap metrics`. Filled by tool/measure and tool/commands, written
// by tool/metrics. What could not be read (no right, no such file in this kernel) is empty, never zero.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/telemetry_table.h"
#include "tool/model/moment.h"
#include "tool/model/units.h"

namespace neap {

// Sums over the processes of a unit.
struct UnitMemory {
  std::optional<Bytes> resident, proportional, swap;
  std::optional<bool> library_stale;
  std::optional<std::array<std::uint64_t, telemetry_figures>> telemetry;  // by telemetry_table, of those on libneap
};

// What the kernel keeps for the unit's control group, everything below it included.
struct UnitControlGroup {
  std::optional<Bytes> anonymous, file, peak, limit;
  std::optional<std::uint64_t> oom_kills;
  std::optional<Seconds> cpu;
};

struct UnitMetrics {
  std::string unit;                        // full name: "tor@relay1.service"
  std::string configured, running, state;  // as `neap status` has them
  std::string experiment, group;           // empty: in none
  std::size_t processes = 0;
  UnitMemory memory;
  UnitControlGroup control_group;
  std::optional<bool> failed;             // systemd gave it up
  std::optional<std::uint64_t> restarts;  // by systemd itself
  std::optional<Moment> started, switched;
};

// What the records of switches say that no unit that runs now can.
struct SwitchMetrics {
  std::string target;  // "tor@.service"
  std::string allocator, state;
  Moment at;
  std::optional<Bytes> resident_before;
  std::optional<bool> complete;  // the command that made it went to its end
};

// Kills by the kernel for want of memory, below a slice: they outlive the control group of the unit that was killed.
struct SliceMetrics {
  std::string slice;
  std::uint64_t oom_kills = 0;
};

struct HostMetrics {
  std::vector<UnitMetrics> units;
  std::vector<SwitchMetrics> switches;
  std::vector<SliceMetrics> slices;
  Seconds scan;
};

}  // namespace neap
