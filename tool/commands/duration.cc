#include "tool/commands/duration.h"

#include <fmt/format.h>

#include <cmath>

#include "tool/model/failure.h"

namespace neap {

Seconds parse_duration(const std::string& text, const char* option) {
  char* rest = nullptr;
  const double count = std::strtod(text.c_str(), &rest);
  const std::string unit = rest;
  const double seconds = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (rest == text.c_str() || seconds == 0 || !(count > 0) || !std::isfinite(count))
    throw UsageFailure(fmt::format("{} takes a time such as 60s, 2m or 1h, not '{}'", option, text));
  return {count * seconds};
}

}  // namespace neap
