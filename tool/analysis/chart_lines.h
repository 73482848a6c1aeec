// Puts runs of any length and interval on one time grid, so that they can be drawn on common axes.
#pragma once
#include "tool/model/chart.h"
#include "tool/model/run.h"

namespace neap {

// At most `most_steps` grid steps, never finer than the runs were sampled. One line per label, runs of a label joined.
Chart draw_lines(const std::vector<Run>& runs, std::size_t most_steps);

}  // namespace neap
