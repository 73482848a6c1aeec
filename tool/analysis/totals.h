// Totals: a run's samples summed over its processes, tick by tick. The ground of every summary and chart.
#pragma once
#include <optional>
#include <vector>

#include "tool/model/run.h"

namespace neap {

struct Total {
  Seconds at;
  Bytes rss;
  std::optional<Bytes> pss;   // where it is known of every process, from its latest reading
  std::optional<Bytes> live;  // where any process tells it
};

std::vector<Total> sum_over_processes(const Run& run);

}  // namespace neap
