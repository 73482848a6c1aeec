// Rise: how fast a value of a run grows, from its totals.
#pragma once
#include <optional>
#include <vector>

#include "tool/analysis/totals.h"
#include "tool/model/slope.h"

namespace neap {

// Of the value, a second. Long runs are thinned out by medians first. Empty where fewer than three looks know the
// value, or all are of one time.
std::optional<Slope> rise_of(const std::vector<Total>& totals, std::optional<double> (*value)(const Total&));

}  // namespace neap
