// Probation: for a time after its switch a timer of systemd looks whether the unit fails or flaps, and if it does,
// takes the switch back. It ends with its time, with neap disable, and with the boot.
#pragma once
#include <cstdint>
#include <string>

#include "tool/service/unit_switch.h"

namespace neap {

// Returns when it ends, seconds since 1970.
std::int64_t begin_probation(Manager& manager, const std::string& target, Seconds time, bool is_user);

// One look. Throws Failure once the switch was taken back, naming why.
void look_at_probation(const SwitchContext& context, const std::string& target);

}  // namespace neap
