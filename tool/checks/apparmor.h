// AppArmor: whether the profiles that confine a unit let it map the library, told before the switch; and the rule that
// makes every profile built on abstractions/base let it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/change/durable.h"
#include "tool/checks/finding.h"
#include "tool/systemd/manager.h"

namespace neap {

inline constexpr const char* apparmor_rule_path = "/etc/apparmor.d/abstractions/base.d/neap";

// The profile that AppArmorProfile= names, else those that attach themselves to the unit's programs; none, no finding.
std::vector<Finding> check_apparmor(const Root& root, const UnitFacts& unit, const std::string& library);

// Rules for abstractions/base.d: the library where base does not grant it, and `read_too`. Empty without AppArmor here.
std::optional<std::string> apparmor_rule(const Root& root, const std::string& library, const std::string& read_too);

}  // namespace neap
