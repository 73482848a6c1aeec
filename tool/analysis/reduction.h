// From a comparison's runs to its figures: spreads, ratios, the best.
#pragma once
#include "tool/model/figures.h"

namespace neap {

ComparisonFigures figures_of(const Comparison& comparison);

}  // namespace neap
