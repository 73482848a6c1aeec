// A length of time as it is typed: 90, 90s, 2m, 1h.
#pragma once
#include <string>

#include "tool/model/units.h"

namespace neap {

// Throws UsageFailure that names the option when it is none.
Seconds parse_duration(const std::string& text, const char* option);

}  // namespace neap
