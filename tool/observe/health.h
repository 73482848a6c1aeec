// How a unit has fared since its switch: what systemd and the kernel count, against what they had counted then.
#pragma once
#include <string>

#include "tool/change/journal.h"
#include "tool/observe/processes.h"

namespace neap {

// Kills by the kernel for want of memory in the control group, as far as the kernel tells them.
std::uint64_t oom_kills(const Root& root, const std::string& control_group);

UnitMark mark_unit(const Root& root, const UnitState& state, const std::vector<UnitProcess>& processes);

// What happened since, for a person: "systemd restarted it twice"; empty: nothing.
std::string troubles_since(const UnitMark& mark, const Root& root, const UnitState& state,
                           const std::vector<UnitProcess>& processes);

}  // namespace neap
