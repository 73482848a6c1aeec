// A length of time as a person writes it: "90", "1.5", "10s", "5min", "24h", "1h30m", "7d". Without a unit, seconds.
#pragma once
#include <optional>
#include <string>

#include "tool/model/units.h"

namespace neap {

std::optional<Seconds> parse_duration(const std::string& text);

}  // namespace neap
