#include "tool/experiment/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "tool/model/statistics.h"

namespace neap {
namespace {

constexpr std::uint64_t seed = 1;
constexpr std::size_t fewest_instances = 3;
constexpr double tail = 0.025;

double resampled_mean(const std::vector<double>& values, std::mt19937_64& engine) {
  double sum = 0;
  for (std::size_t drawn = 0; drawn < values.size(); ++drawn) sum += values[engine() % values.size()];
  return sum / static_cast<double>(values.size());
}

Interval interval_of(std::vector<double>& drawn, double middle, std::size_t instances) {
  std::sort(drawn.begin(), drawn.end());
  const auto count = static_cast<double>(drawn.size());
  const double low = drawn[static_cast<std::size_t>(tail * count)];
  const double high = drawn[static_cast<std::size_t>((1 - tail) * count)];
  const double widening = std::sqrt(static_cast<double>(instances) / static_cast<double>(instances - 1));
  return {middle - (middle - low) * widening, middle + (high - middle) * widening};
}

}  // namespace

Estimate Bootstrap::mean(const std::vector<double>& values) const {
  Estimate estimate{mean_of(values), std::nullopt, values.size()};
  if (values.size() < fewest_instances) return estimate;
  std::mt19937_64 engine(seed);
  std::vector<double> drawn(resamples_);
  for (double& each : drawn) each = resampled_mean(values, engine);
  estimate.interval = interval_of(drawn, estimate.mean, values.size());
  return estimate;
}

Estimate Bootstrap::ratio(const std::vector<double>& over, const std::vector<double>& under) const {
  const std::size_t fewest = std::min(over.size(), under.size());
  Estimate estimate{mean_of(over) / mean_of(under), std::nullopt, fewest};
  if (fewest < fewest_instances) return estimate;
  std::mt19937_64 engine(seed);
  std::vector<double> drawn(resamples_);
  for (double& each : drawn) each = resampled_mean(over, engine) / resampled_mean(under, engine);
  estimate.interval = interval_of(drawn, estimate.mean, fewest);
  return estimate;
}

}  // namespace neap
