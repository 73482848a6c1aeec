// A comparison as text: for the terminal, as Markdown, as JSON. The columns come from model/quantities.h.
#pragma once
#include <string>

#include "tool/model/comparison.h"
#include "tool/model/quantities.h"

namespace neap {

// What tool/analysis knows of one row and quantity; handed in, for siblings do not include each other.
struct QuantityFigures {
  std::optional<Spread> spread;
  std::optional<double> ratio;
};

// Row by row, in the order of `quantities`.
struct ComparisonFigures {
  std::vector<std::array<QuantityFigures, quantities.size()>> rows;
};

// Whether any row has a value for the quantity (its index in `quantities`).
bool anybody_knows(const ComparisonFigures& figures, std::size_t quantity);

std::string render_text(const Comparison& comparison, const ComparisonFigures& figures, bool colour);
std::string render_markdown(const Comparison& comparison, const ComparisonFigures& figures);
std::string render_json(const Comparison& comparison, const ComparisonFigures& figures);

// A quantity's number without its unit: MiB, seconds or a count.
std::string show_quantity(const Quantity& quantity, double value);

}  // namespace neap
