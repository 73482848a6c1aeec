// A length of time as model/duration.h reads it, or the line that says what an option takes.
#pragma once
#include <string>

#include "tool/model/units.h"

namespace neap {

// Throws UsageFailure that names the option when it is none.
Seconds parse_duration(const std::string& text, const char* option);

}  // namespace neap
