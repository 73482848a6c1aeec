// AppArmor: whether a profile lets a process map the library, read from the profile's text before the switch; and the
// rule that makes every profile built on abstractions/base let it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/change/durable.h"
#include "tool/checks/finding.h"
#include "tool/systemd/manager.h"

namespace neap {

inline constexpr const char* apparmor_rule_path = "/etc/apparmor.d/abstractions/base.d/neap";

// Whether the rules of a profile's text, includes followed below /etc/apparmor.d, grant `right` ('m': map, 'r': read).
bool grants(const Root& root, const std::string& profile_text, const std::string& path, char right);

// The unit's named profile, if this kernel enforces AppArmor and the profile's text is there.
std::vector<Finding> check_apparmor(const Root& root, const UnitFacts& unit, const std::string& library);

// Rules for abstractions/base.d: the library where base does not grant it, and `read_too`. Empty without AppArmor here.
std::optional<std::string> apparmor_rule(const Root& root, const std::string& library, const std::string& read_too);

}  // namespace neap
