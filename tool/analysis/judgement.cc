#include "tool/analysis/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tool/model/statistics.h"

namespace neap {
namespace {

constexpr std::size_t mean_rss = quantity_at("mean_rss");
constexpr std::size_t cpu = quantity_at("cpu");

// Student's t: the 97.5% quantile for 1 to 30 degrees of freedom.
constexpr std::array student{12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                             2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                             2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
constexpr double normal = 1.960;

// Logarithms: a ratio becomes a difference.
struct Logs {
  double mean = 0;
  double squared_error = 0;  // of the mean
  double count = 0;
};

Logs logs_of(const ComparisonRow& row, std::size_t quantity) {
  std::vector<double> logs;
  for (const Summary& run : row.runs)
    if (const auto value = quantities[quantity].get(run); value && *value > 0) logs.push_back(std::log(*value));
  if (logs.empty()) return {};
  const double mean = mean_of(logs);
  double squares = 0;
  for (const double each : logs) squares += (each - mean) * (each - mean);
  const auto count = static_cast<double>(logs.size());
  return {mean, count > 1 ? squares / (count - 1) / count : 0, count};
}

// Welch's test on the logarithms.
Certainty certainty_of(const ComparisonRow& one, const ComparisonRow& other, std::size_t quantity) {
  const Logs a = logs_of(one, quantity), b = logs_of(other, quantity);
  if (a.count < 2 || b.count < 2) return Certainty::unknown;
  const double error = a.squared_error + b.squared_error;
  const double difference = std::abs(a.mean - b.mean);
  if (error <= 0) return difference > 0 ? Certainty::shown : Certainty::chance;
  const double freedom =
      error * error /
      (a.squared_error * a.squared_error / (a.count - 1) + b.squared_error * b.squared_error / (b.count - 1));
  const auto at = static_cast<std::size_t>(std::max(1.0, freedom)) - 1;
  const double quantile = at < student.size() ? student[at] : normal;
  return difference > quantile * std::sqrt(error) ? Certainty::shown : Certainty::chance;
}

class Judge {
 public:
  Judge(const Comparison& comparison, const ComparisonFigures& figures) : comparison_(comparison), figures_(figures) {
    for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
      if (!comparison.rows[row].remarks.empty())
        verdict_.left_out.push_back(comparison.rows[row].label);
      else if (figures.rows[row][mean_rss].spread)
        order_.push_back(row);
    }
    std::stable_sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) { return held(a) < held(b); });
  }

  Verdict judge() {
    if (order_.empty() || !comparison_.remarks.empty()) return verdict_;
    const std::size_t leader = order_.front();
    verdict_.leader = comparison_.rows[leader].label;
    verdict_.held = held(leader);
    verdict_.runs = comparison_.rows[leader].runs.size();
    note_spread(leader);
    if (order_.size() < 2) return verdict_;
    const std::size_t next = order_[1];
    verdict_.others.push_back(compare(leader, next, mean_rss));
    std::size_t against = next;
    for (const std::size_t row : order_)
      if (comparison_.rows[row].label == comparison_.baseline && row != leader) against = row;
    if (against != next) verdict_.others.push_back(compare(leader, against, mean_rss));
    if (figures_.rows[leader][cpu].spread && figures_.rows[against][cpu].spread &&
        figures_.rows[against][cpu].spread->median > 0)
      verdict_.cpu = compare(leader, against, cpu);
    return verdict_;
  }

 private:
  double held(std::size_t row) const { return figures_.rows[row][mean_rss].spread->median; }

  void note_spread(std::size_t row) {
    const Spread& spread = *figures_.rows[row][mean_rss].spread;
    verdict_.runs = std::min(verdict_.runs, comparison_.rows[row].runs.size());
    if (spread.median > 0) verdict_.spread = std::max(verdict_.spread, (spread.high - spread.low) / 2 / spread.median);
  }

  VerdictRatio compare(std::size_t leader, std::size_t other, std::size_t quantity) {
    note_spread(other);
    const double over = figures_.rows[leader][quantity].spread->median;
    const double under = figures_.rows[other][quantity].spread->median;
    return {comparison_.rows[other].label, under > 0 ? over / under : 1,
            certainty_of(comparison_.rows[leader], comparison_.rows[other], quantity)};
  }

  const Comparison& comparison_;
  const ComparisonFigures& figures_;
  std::vector<std::size_t> order_;  // rows, the one that holds least first
  Verdict verdict_;
};

// An outlier has a high modified z-score (Iglewicz and Hoaglin), and is also far enough from the median to matter.
constexpr double far_out = 5;
constexpr double least_distance = 0.2;
constexpr std::size_t fewest_runs = 4;

std::optional<std::size_t> outlier_among(const std::vector<double>& values) {
  if (values.size() < fewest_runs) return std::nullopt;
  const double median = median_of(values);
  std::vector<double> distances;
  for (const double each : values) distances.push_back(std::abs(each - median));
  const double usual = 1.4826 * median_of(distances);
  const auto farthest =
      static_cast<std::size_t>(std::max_element(distances.begin(), distances.end()) - distances.begin());
  const bool out = distances[farthest] > far_out * usual && distances[farthest] > least_distance * median;
  return out ? std::optional(farthest) : std::nullopt;
}

}  // namespace

Verdict judge(const Comparison& comparison, const ComparisonFigures& figures) {
  return Judge(comparison, figures).judge();
}

std::vector<std::string> outliers_of(const Comparison& comparison) {
  std::vector<std::string> found;
  for (const ComparisonRow& row : comparison.rows)
    for (const Quantity& quantity : quantities) {
      std::vector<double> values;
      for (const Summary& run : row.runs)
        if (const auto value = quantity.get(run); value && quantity.compared) values.push_back(*value);
      if (values.size() != row.runs.size()) continue;
      const auto at = outlier_among(values);
      if (!at) continue;
      const char* advice = *at == 0 ? "what it reads was not cached yet? --warmup 1 leaves such a run out"
                                    : "something else ran on the machine? quiet it, or take more --runs";
      found.push_back(fmt::format("run {} of {} stands out, {:.2f} times the median {}: {}", *at + 1, row.label,
                                  values[*at] / median_of(values), quantity.title, advice));
      break;  // one quantity is enough to send a person looking
    }
  return found;
}

}  // namespace neap
