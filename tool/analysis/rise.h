// Rise: how fast a run's memory grows, from its totals.
#pragma once
#include <optional>
#include <vector>

#include "tool/analysis/totals.h"
#include "tool/model/slope.h"

namespace neap {

// Bytes a second. Long runs are thinned out by medians first. Empty where fewer than three looks know the value, or
// all are of one time.
std::optional<Slope> rise_of(const std::vector<Total>& totals, std::optional<Bytes> (*value)(const Total&));

}  // namespace neap
