// Chart: memory over time on one common grid, one line per label. Made by tool/analysis, drawn by tool/render as SVG
// and as interactive HTML. Values are bytes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/model/moment.h"
#include "tool/model/sample.h"
#include "tool/model/units.h"

namespace neap {

// What a line came to within one grid step: the mean over the runs, each with its own mean over the step, and the
// extremes.
struct ChartPoint {
  double low = 0;
  double middle = 0;
  double high = 0;
};

using ChartValues = std::vector<std::optional<double>>;  // one per grid step; an empty vector: nobody knows them

struct ChartLine {
  std::string label;
  std::vector<std::optional<ChartPoint>> points;  // one per grid step; empty before the start, in gaps, after the end
  ChartValues floor;                              // what no allocator can go below
  ChartValues pss, swap, cpu;                     // cpu: share of one core
};

struct Chart {
  std::string title;
  std::string shade = "lowest to highest";  // what lies between a point's low and high
  std::vector<std::string> notes;           // small print: command, host, hour, how often was measured
  Seconds step;
  std::size_t steps = 0;
  std::optional<Moment> clock;  // when the axis begins, where all lines began then: its ticks are hours of the day
  std::vector<ChartLine> lines;
  std::vector<Mark> marks;  // of all lines
};

}  // namespace neap
