// Summary and spread: a run reduced to what it is judged by, and rows of runs reduced to median and range.
#pragma once
#include <optional>

#include "tool/model/comparison.h"
#include "tool/model/quantities.h"
#include "tool/model/run.h"

namespace neap {

Summary summarize(const Run& run);

// One row per label, in the order of first appearance.
Comparison compare_runs(const std::vector<Run>& runs);

// Empty when no run of the row knows the quantity.
std::optional<Spread> spread_of(const ComparisonRow& row, const Quantity& quantity);

// The row's median over the baseline's; empty without a baseline row or when that is zero.
std::optional<double> ratio_to_baseline(const Comparison& comparison, const ComparisonRow& row,
                                        const Quantity& quantity);

}  // namespace neap
