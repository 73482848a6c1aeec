// Comparison: several allocators under the same work, each with the spread of its runs. Built by tool/analysis (from
// recordings) or by an experiment's report, drawn by tool/render.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/model/slope.h"
#include "tool/model/units.h"

namespace neap {

// What one run came to. Memory is the sum over the processes of the run, means are weighted by time. A run that ended
// before its first sample has no means.
struct Summary {
  Seconds wall;
  std::optional<Bytes> mean_rss;
  std::optional<Bytes> second_half_mean_rss;
  std::optional<Bytes> end_rss;
  std::optional<Bytes> peak_rss;
  std::optional<Bytes> mean_pss;
  std::optional<Bytes> mean_floor;
  std::optional<Bytes> mean_live;
  Seconds cpu;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::optional<Slope> rss_slope, live_slope;  // bytes a second
  std::optional<Slope> heap_to_live_slope;     // of the heap's resident bytes to the live ones: a share of it a second
  std::optional<int> exit_code;
};

struct ComparisonRow {
  std::string label;
  std::vector<Summary> runs;
  std::vector<std::string> remarks;  // what a reader must know, such as that the allocator did not take effect
  bool alike = true;                 // its recordings are runs of the same: otherwise a median over them means little
};

struct Comparison {
  std::string title;
  std::string about = "Memory is the sum over the processes of a run.";  // how its figures came about
  std::string baseline = "libc";     // label that ratios refer to; no ratios when no row has it
  std::vector<std::string> remarks;  // on the rows together, such as that they ran different programs
  std::vector<ComparisonRow> rows;
};

}  // namespace neap
