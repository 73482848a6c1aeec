// Figures: a comparison's runs reduced to what tables, charts, sentences and JSON show. Made once, by tool/analysis or
// an experiment's report, so that all of them agree.
#pragma once
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "tool/model/comparison.h"
#include "tool/model/quantities.h"
#include "tool/model/statistics.h"

namespace neap {

// The middle and the range of one quantity over a row's runs.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

struct QuantityFigures {
  std::optional<Spread> spread;
  std::optional<double> ratio;  // the median to the baseline's
  bool best = false;            // the lowest of several rows
};

using RowFigures = std::array<QuantityFigures, quantities.size()>;

// Row by row, in the order of `quantities`.
struct ComparisonFigures {
  std::vector<RowFigures> rows;
};

// The place of a quantity in the table; its name is one of them.
constexpr std::size_t quantity_at(std::string_view name) {
  for (std::size_t at = 0; at < quantities.size(); ++at)
    if (quantities[at].name == name) return at;
  return quantities.size();
}

// Whether any row has a value for the quantity (its index in `quantities`).
inline bool anybody_knows(const ComparisonFigures& figures, std::size_t quantity) {
  for (const RowFigures& row : figures.rows)
    if (row[quantity].spread) return true;
  return false;
}

inline void mark_best(ComparisonFigures& figures) {
  for (std::size_t at = 0; at < quantities.size(); ++at) {
    if (!quantities[at].compared) continue;
    std::vector<std::optional<double>> medians;
    for (const RowFigures& row : figures.rows)
      medians.push_back(row[at].spread ? std::optional(row[at].spread->median) : std::nullopt);
    for (std::size_t row = 0; row < medians.size(); ++row) figures.rows[row][at].best = is_best(medians, row);
  }
}

}  // namespace neap
