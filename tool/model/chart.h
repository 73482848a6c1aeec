// Chart: memory over time on one common grid, one line per label. Made by tool/analysis, drawn by tool/render as SVG
// and as interactive HTML. Values are bytes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

// What a line came to within one grid step: the middle over time and runs, and the extremes.
struct ChartPoint {
  double low = 0;
  double middle = 0;
  double high = 0;
};

struct ChartLine {
  std::string label;
  std::vector<std::optional<ChartPoint>> points;  // one per grid step; empty before the start and after the end
  std::vector<std::optional<double>> live;        // libneap's live bytes; empty vector when nobody knows them
};

struct Chart {
  std::string title;
  std::string shade = "lowest to highest";  // what lies between a point's low and high
  std::vector<std::string> notes;           // small print: command, host, hour, how often was measured
  Seconds step;
  std::size_t steps = 0;
  std::vector<ChartLine> lines;
};

}  // namespace neap
