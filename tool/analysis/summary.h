// Summary: a run reduced to what it is judged by, and recordings gathered into rows.
#pragma once
#include "tool/model/comparison.h"
#include "tool/model/run.h"

namespace neap {

Summary summarize(const Run& run);

// One row per label, in the order of first appearance, with remarks on what makes its recordings unlike.
Comparison compare_runs(const std::vector<Run>& runs);

}  // namespace neap
