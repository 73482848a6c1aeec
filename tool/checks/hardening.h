// Whether a unit's settings let the library be loaded and work: systemd's sandboxing, read before the switch.
#pragma once
#include <string>
#include <vector>

#include "tool/change/durable.h"
#include "tool/checks/finding.h"
#include "tool/systemd/manager.h"

namespace neap {

// `library`: absolute path as the unit would see it. No finding is left out; those of severity `fine` are for doctor.
std::vector<Finding> check_hardening(const Root& root, const UnitFacts& unit, const std::string& library);

// Translates a path of the unit's file system into one of this file system: below RootDirectory=, or where it is bound
// from.
std::string path_outside(const Hardening& limits, const std::string& inside);

}  // namespace neap
