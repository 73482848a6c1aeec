// Axes: round tick values and their texts. Memory in MiB, as in the tables; time in the unit that reads best.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/model/moment.h"
#include "tool/model/units.h"

namespace neap {

struct Tick {
  double value = 0;  // bytes or seconds
  std::string text;
};

struct Axis {
  double end = 0;  // the axis runs from 0 to here
  std::string unit;
  std::vector<Tick> ticks;
};

// The axis ends a little above `highest`.
Axis memory_axis(double highest_bytes, int wanted_ticks);
// The axis ends where the data ends. With a clock its ticks are hours of the day, UTC, and days where a day begins.
Axis time_axis(Seconds longest, int wanted_ticks, std::optional<Moment> clock = {});

}  // namespace neap
