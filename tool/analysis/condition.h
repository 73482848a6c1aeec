// A condition on a comparison's medians, for machines that watch for regressions: "neap.mean_rss > 1.05*libc.mean_rss",
// "neap.peak_rss > 200MiB", "neap.cpu >= 3s".
#pragma once
#include <string>
#include <vector>

#include "tool/model/figures.h"

namespace neap {

struct ConditionSide {
  double factor = 1;  // or the number itself, where there is no label
  std::string label;  // of the row
  std::size_t quantity = 0;
};

struct Condition {
  std::string text;
  ConditionSide left, right;
  enum class Order { less, less_or_equal, greater, greater_or_equal } order = Order::greater;
};

// Throws UsageFailure that shows the form.
Condition parse_condition(const std::string& text);

// Throws UsageFailure when a label is none of these.
void check_labels(const Condition& condition, const std::vector<std::string>& labels);

// The sentence that says that it holds, with both figures; empty when it does not. A figure that a row does not know
// throws Failure: nobody can tell then.
std::string when_it_holds(const Condition& condition, const Comparison& comparison, const ComparisonFigures& figures);

}  // namespace neap
