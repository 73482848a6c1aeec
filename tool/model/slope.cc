#include "tool/model/slope.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace neap {
namespace {

constexpr double normal_95 = 1.96;

}  // namespace

Slope slope_of(const std::vector<SlopePoint>& points) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (points[j].at > points[i].at)
        slopes.push_back((points[j].value - points[i].value) / (points[j].at - points[i].at));
  if (slopes.empty()) return {};
  std::sort(slopes.begin(), slopes.end());
  const double n = static_cast<double>(points.size()), pairs = static_cast<double>(slopes.size());
  const double spread = normal_95 * std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
  const auto at = [&](double rank) { return slopes[static_cast<std::size_t>(std::clamp(rank, 0.0, pairs - 1))]; };
  return {(at((pairs - 1) / 2) + at(pairs / 2)) / 2, at((pairs - spread) / 2 - 1), at((pairs + spread) / 2)};
}

}  // namespace neap
