// Totals: a run's samples summed over its processes, look by look. The ground of every summary and chart.
#pragma once
#include <optional>
#include <vector>

#include "tool/model/run.h"

namespace neap {

struct Total {
  Seconds at;
  Seconds until;  // it holds to here: to the next look, or to where a gap begins
  Bytes rss;
  Bytes swap;
  std::optional<double> cpu_share;  // of one core, since the look before
  std::optional<Bytes> pss;         // where it is known of every process, from its latest reading
  std::optional<Bytes> live;        // where any process tells it
  std::optional<Bytes> heap;        // what of it and of the allocator's own is resident; the same
  std::optional<Bytes> floor;       // RSS less what the heap holds above its live bytes; where any process tells them
};

// Empty where the run ended before anybody saw it at work.
std::vector<Total> sum_over_processes(const Run& run);

// When the run ends: by its end, or by its last sample where it has none.
Seconds end_of(const Run& run);

}  // namespace neap
