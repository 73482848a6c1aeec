// A comparison as text: for the terminal, as Markdown, as JSON. The columns come from model/quantities.h.
#pragma once
#include <string>
#include <vector>

#include "tool/model/figures.h"

namespace neap {

// What tables and charts are made of. `hints`: what stands out among the runs, and what to do about it.
struct ComparisonReport {
  const Comparison& comparison;
  const ComparisonFigures& figures;
  std::string verdict;  // one sentence without its full stop; empty: nothing can be said
  std::vector<std::string> hints;
};

std::string render_text(const ComparisonReport& report, bool colour);
std::string render_markdown(const ComparisonReport& report);
std::string render_json(const ComparisonReport& report);

// A quantity's number without its unit: MiB, seconds or a count.
std::string show_quantity(const Quantity& quantity, double value);

}  // namespace neap
