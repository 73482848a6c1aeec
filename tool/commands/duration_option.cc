#include "tool/commands/duration_option.h"

#include <fmt/format.h>

#include "tool/model/duration.h"
#include "tool/model/failure.h"

namespace neap {

Seconds parse_duration(const std::string& text, const char* option) {
  const std::optional<Seconds> length = parse_duration(text);
  if (!length || length->count <= 0)
    throw UsageFailure(fmt::format("{} takes a time such as 60s, 2m or 1h, not '{}'", option, text));
  return *length;
}

}  // namespace neap
