// Comparison: several allocators under the same work, each with the spread of its runs. Built by tool/analysis (from
// recordings) or by trace replay, drawn by tool/render.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

// What one run came to. Memory is the sum over the processes of the run, means are weighted by time.
struct Summary {
  Seconds wall;
  Bytes mean_rss;
  Bytes second_half_mean_rss;
  Bytes end_rss;
  Bytes peak_rss;
  std::optional<Bytes> mean_pss;
  std::optional<Bytes> mean_live;
  Seconds cpu;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::optional<int> exit_code;
};

// The middle and the range of one quantity over a row's runs.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

struct ComparisonRow {
  std::string label;
  std::vector<Summary> runs;
  std::string remark;  // what a reader must know, such as that the allocator did not take effect
};

struct Comparison {
  std::string title;
  std::string about = "Memory is the sum over the processes of a run.";  // how its figures came about
  std::string baseline = "libc";  // label that ratios refer to; no ratios when no row has it
  std::vector<ComparisonRow> rows;
};

}  // namespace neap
