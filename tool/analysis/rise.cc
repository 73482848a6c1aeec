#include "tool/analysis/rise.h"

#include <algorithm>
#include <cmath>

#include "tool/model/statistics.h"

namespace neap {
namespace {

constexpr std::size_t most_points = 240;
constexpr std::size_t least_points = 3;

SlopePoint middle_of(std::vector<SlopePoint>::const_iterator from, std::vector<SlopePoint>::const_iterator to) {
  std::vector<double> times, values;
  for (; from != to; ++from) times.push_back(from->at), values.push_back(from->value);
  return {median_of(std::move(times)), median_of(std::move(values))};
}

// One point for each stretch of equal length in time, of which there is some. Where looks were rare, a point stands for
// few of them.
std::vector<SlopePoint> thinned(const std::vector<SlopePoint>& points) {
  if (points.size() <= most_points) return points;
  const double width = (points.back().at - points.front().at) / most_points;
  std::vector<SlopePoint> few;
  const auto stretch_of = [&](const SlopePoint& point) { return std::floor((point.at - points.front().at) / width); };
  for (auto from = points.begin(); from != points.end();) {
    const auto to =
        std::find_if(from, points.end(), [&](const SlopePoint& each) { return stretch_of(each) != stretch_of(*from); });
    few.push_back(middle_of(from, to));
    from = to;
  }
  return few;
}

}  // namespace

std::optional<Slope> rise_of(const std::vector<Total>& totals, std::optional<double> (*value)(const Total&)) {
  std::vector<SlopePoint> points;
  for (const Total& total : totals)
    if (const std::optional<double> known = value(total)) points.push_back({total.at.count, *known});
  if (points.size() < least_points || points.front().at == points.back().at) return std::nullopt;
  return slope_of(thinned(points));
}

}  // namespace neap
