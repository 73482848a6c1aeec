// The one median, the one mean and the one winner of this program.
#pragma once
#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

namespace neap {

// Of at least one value.
inline double median_of(std::vector<double> values) {
  const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), half, values.end());
  if (values.size() % 2 == 1) return *half;
  return (*std::max_element(values.begin(), half) + *half) / 2;
}

inline double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Whether the value is the lowest of several, which a table sets off, because lower is better in every column. Unknown
// values do not count, and a single known value does not win.
inline bool is_best(const std::vector<std::optional<double>>& values, std::size_t at) {
  return values.size() > 1 && values[at] &&
         std::none_of(values.begin(), values.end(), [&](const auto& other) { return other && *other < *values[at]; });
}

}  // namespace neap
