#include "tool/analysis/reduction.h"

#include <algorithm>

#include "tool/model/statistics.h"

namespace neap {
namespace {

std::vector<double> values_of(const ComparisonRow& row, const Quantity& quantity) {
  std::vector<double> values;
  for (const Summary& run : row.runs)
    if (const auto value = quantity.get(run)) values.push_back(*value);
  return values;
}

std::optional<Spread> spread_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return Spread{median_of(values), *low, *high};
}

void add_ratios(const Comparison& comparison, ComparisonFigures& figures) {
  const auto baseline = std::find_if(comparison.rows.begin(), comparison.rows.end(),
                                     [&](const ComparisonRow& row) { return row.label == comparison.baseline; });
  if (baseline == comparison.rows.end()) return;
  const RowFigures base = figures.rows[static_cast<std::size_t>(baseline - comparison.rows.begin())];
  for (RowFigures& row : figures.rows)
    for (std::size_t at = 0; at < quantities.size(); ++at)
      if (row[at].spread && base[at].spread && base[at].spread->median > 0)
        row[at].ratio = row[at].spread->median / base[at].spread->median;
}

}  // namespace

ComparisonFigures figures_of(const Comparison& comparison) {
  ComparisonFigures figures;
  for (const ComparisonRow& row : comparison.rows) {
    RowFigures& cells = figures.rows.emplace_back();
    for (std::size_t at = 0; at < quantities.size(); ++at) cells[at].spread = spread_of(values_of(row, quantities[at]));
  }
  add_ratios(comparison, figures);
  mark_best(figures);
  return figures;
}

}  // namespace neap
