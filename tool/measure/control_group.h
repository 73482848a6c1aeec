// What the kernel keeps for a control group (cgroup2) and those below it. Files that this kernel or this hierarchy does
// not have are left empty.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tool/model/unit_metrics.h"

namespace neap {

// The folder of a control group as systemd names it: "/system.slice/tor.service".
std::string control_group_folder(const std::string& name);

// Its processes and those of the groups below it, as a service with Delegate= makes them.
std::vector<pid_t> processes_below(const std::string& folder);

UnitControlGroup read_control_group(const std::string& folder);

// Kills for want of memory, in it and below, since it was made.
std::optional<std::uint64_t> oom_kills_below(const std::string& folder);

}  // namespace neap
