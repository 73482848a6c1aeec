// The chart of a report as one SVG: all labels on common axes, then one panel per label on a common scale with the
// others faint behind it. Follows the reader's light or dark theme. Pure: the same chart gives the same bytes.
#pragma once
#include <string>

#include "tool/model/chart.h"
#include "tool/render/comparison_table.h"

namespace neap {

std::string render_svg(const Chart& chart, const ComparisonReport& report);

}  // namespace neap
