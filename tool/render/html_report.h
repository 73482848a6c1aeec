// The report as one HTML file that needs nothing else: charts (dygraphs, inlined), panels, table, notes. Follows the
// reader's theme; asks the network for nothing. Pure: the same input gives the same bytes.
#pragma once
#include <string>

#include "tool/model/chart.h"
#include "tool/render/comparison_table.h"

namespace neap {

std::string render_html(const Chart& chart, const ComparisonReport& report);

}  // namespace neap
