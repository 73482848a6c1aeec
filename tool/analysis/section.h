// A stretch of a recording as a recording of its own: tables, charts and CSV of it then agree by themselves.
#pragma once
#include <optional>
#include <string>

#include "tool/model/moment.h"
#include "tool/model/run.h"

namespace neap {

// One end of a stretch: seconds since the recording's start, a share of it ("50%"), or a time of day.
struct Bound {
  enum class Kind { seconds, share, moment } kind = Kind::seconds;
  double value = 0;
  Moment moment;
};

// "90", "5min", "50%", "2026-01-05T02:00". Empty when it is no such thing.
std::optional<Bound> parse_bound(const std::string& text);

struct Stretch {
  std::optional<Bound> from;
  std::optional<Bound> until;
};

// CPU and faults of a stretch count from its beginning, by the samples. Throws UsageFailure when it holds no sample.
Run stretch_of(const Run& run, const Stretch& stretch);

}  // namespace neap
