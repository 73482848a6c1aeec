// The way back of a service: its files byte for byte, and a restart on what it had before where it is asked for.
#pragma once
#include <string>

#include "tool/service/unit_switch.h"

namespace neap {

SwitchOutcome disable_unit(const SwitchContext& context, const std::string& name, const SwitchOptions& options);

}  // namespace neap
