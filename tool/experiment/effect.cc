#include "tool/experiment/effect.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <random>

#include "tool/experiment/student.h"

namespace neap {
namespace {

constexpr std::uint64_t seed = 1;
constexpr std::size_t resamples = 2'000;
constexpr std::size_t shuffles = 4'000;
constexpr std::size_t fewest_hosts = 2;
// With fewer hosts than this resampling knows too little, and Student's t over the hosts' differences takes its place
// (docs/experiment.md has the coverage).
constexpr std::size_t fewest_hosts_to_resample = 20;
constexpr double fewest_in_a_tail = 5;       // resamples beyond the bound of an interval
constexpr std::size_t fewest_for_slope = 8;  // so many instances are needed beyond those that the means use up

struct Point {
  bool in_group = false;
  double value = 0;   // logarithm
  double before = 0;  // logarithm; 0 unless it is known of all
};
using Host = std::vector<Point>;

// What a host says: its difference of means, and what that weighs (both groups of n instances: n / 2).
struct Difference {
  double value = 0, weight = 0;
};

struct Mean {
  double value = 0, before = 0, count = 0;
};

Mean mean_of(const Host& host, bool in_group) {
  Mean mean;
  for (const Point& point : host)
    if (point.in_group == in_group) mean.value += point.value, mean.before += point.before, ++mean.count;
  if (mean.count > 0) mean.value /= mean.count, mean.before /= mean.count;
  return mean;
}

std::vector<Host> hosts_with_both(const std::vector<Outcome>& outcomes, const Arms& arms, bool adjusted) {
  std::map<std::string, Host> by_name;
  for (const Outcome& outcome : outcomes)
    if (outcome.group == arms.group || outcome.group == arms.baseline)
      by_name[outcome.host].push_back(
          {outcome.group == arms.group, std::log(outcome.value), adjusted ? std::log(*outcome.before) : 0});
  std::vector<Host> hosts;
  for (auto& [name, host] : by_name)
    if (mean_of(host, true).count > 0 && mean_of(host, false).count > 0) hosts.push_back(std::move(host));
  return hosts;
}

// The slope of `value` over `before` within each host's groups, pooled: how memory before the switch foretells memory
// after it.
double slope_within(const std::vector<Host>& hosts) {
  double both = 0, before = 0;
  for (const Host& host : hosts)
    for (const bool in_group : {false, true}) {
      const Mean mean = mean_of(host, in_group);
      for (const Point& point : host)
        if (point.in_group == in_group)
          both += (point.before - mean.before) * (point.value - mean.value),
              before += (point.before - mean.before) * (point.before - mean.before);
    }
  return before > 0 ? both / before : 0;
}

Difference difference_of(const Host& host) {
  const Mean group = mean_of(host, true), baseline = mean_of(host, false);
  return {group.value - baseline.value, group.count * baseline.count / (group.count + baseline.count)};
}

struct Summed {
  double mean = 0, error = 0;  // weighted, and its standard error by the spread between hosts
};

Summed summed(const std::vector<Difference>& differences) {
  double weights = 0, sum = 0, squares = 0;
  for (const Difference& each : differences) weights += each.weight, sum += each.weight * each.value;
  const double mean = sum / weights;
  for (const Difference& each : differences) squares += std::pow(each.weight * (each.value - mean), 2);
  const auto count = static_cast<double>(differences.size());
  return {mean, std::sqrt(squares * count / (count - 1)) / weights};
}

Interval student_interval(const Summed& summed_up, std::size_t hosts, double error) {
  const double reach = student_quantile(1 - error, hosts - 1) * summed_up.error;
  return {summed_up.mean - reach, summed_up.mean + reach};
}

// Bootstrap-t over hosts (Efron and Tibshirani 1993, 12.5): second-order right, also where the differences are skewed.
Interval resampled_interval(const std::vector<Difference>& differences, const Summed& summed_up, double error) {
  std::mt19937_64 engine(seed);
  std::vector<double> drawn;
  std::vector<Difference> resample(differences.size());
  for (std::size_t at = 0; at < resamples; ++at) {
    for (Difference& each : resample) each = differences[engine() % differences.size()];
    const Summed again = summed(resample);
    if (again.error > 0) drawn.push_back((again.mean - summed_up.mean) / again.error);
  }
  std::sort(drawn.begin(), drawn.end());
  const auto at = [&](double share) {
    return drawn[static_cast<std::size_t>(share * static_cast<double>(drawn.size() - 1))];
  };
  return {summed_up.mean - at(1 - error / 2) * summed_up.error, summed_up.mean - at(error / 2) * summed_up.error};
}

std::vector<Difference> differences_of(const std::vector<Host>& hosts) {
  std::vector<Difference> differences;
  for (const Host& host : hosts) differences.push_back(difference_of(host));
  return differences;
}

std::size_t instances_in(const std::vector<Host>& hosts) {
  std::size_t count = 0;
  for (const Host& host : hosts) count += host.size();
  return count;
}

std::vector<Outcome> outcomes_of(const std::vector<Outcome>& all, const Arms& arms) {
  std::vector<Outcome> chosen;
  std::copy_if(all.begin(), all.end(), std::back_inserter(chosen),
               [&](const Outcome& each) { return each.group == arms.group || each.group == arms.baseline; });
  return chosen;
}

// What is compared: the hosts that have both groups. If adjusted, their values are without what the memory before
// foretells.
struct Compared {
  std::vector<Host> hosts;
  bool adjusted = false;
};

Compared compared(const std::vector<Outcome>& all, const Arms& arms) {
  const std::vector<Outcome> outcomes = outcomes_of(all, arms);
  const auto holds = [&](auto test) { return std::all_of(outcomes.begin(), outcomes.end(), test); };
  if (!holds([](const Outcome& each) { return each.value > 0; })) return {};
  const bool known = holds([](const Outcome& each) { return each.before.value_or(0) > 0; });
  Compared result{hosts_with_both(outcomes, arms, known), false};
  result.adjusted = known && instances_in(result.hosts) >= 2 * result.hosts.size() + fewest_for_slope;
  if (!result.adjusted) return result;
  const double slope = slope_within(result.hosts);
  for (Host& host : result.hosts)
    for (Point& point : host) point.value -= slope * point.before;
  return result;
}

}  // namespace

double error_of_look(const Look& look, double total) {
  const double z = normal_quantile(1 - total / 2);
  const auto spent = [&](std::size_t number) {
    if (number == 0 || number == look.planned) return number == 0 ? 0.0 : total;
    return 2 * normal_below(-z / std::sqrt(static_cast<double>(number) / static_cast<double>(look.planned)));
  };
  return spent(look.number) - spent(look.number - 1);
}

std::optional<Effect> effect_within_hosts(const std::vector<Outcome>& outcomes, const Arms& arms, double error) {
  const Compared both = compared(outcomes, arms);
  const std::size_t count = both.hosts.size();
  if (count < fewest_hosts) return std::nullopt;
  const std::vector<Difference> differences = differences_of(both.hosts);
  const Summed found = summed(differences);
  const bool resampled =
      count >= fewest_hosts_to_resample && error / 2 * static_cast<double>(resamples) >= fewest_in_a_tail;
  const Interval interval =
      resampled ? resampled_interval(differences, found, error) : student_interval(found, count, error);
  Effect effect;
  effect.group = arms.group;
  effect.ratio = std::exp(found.mean);
  effect.interval = {std::exp(interval.low), std::exp(interval.high)};
  effect.level = 1 - error;
  effect.hosts = count;
  effect.instances = instances_in(both.hosts);
  effect.adjusted = both.adjusted;
  return effect;
}

double chance_by_shuffling(const std::vector<Outcome>& outcomes, const Arms& arms) {
  std::vector<Host> hosts = compared(outcomes, arms).hosts;
  const double found = std::abs(summed(differences_of(hosts)).mean);
  std::mt19937_64 engine(seed);
  std::size_t as_far = 1;  // the assignment as it is counts as one of the shuffles
  for (std::size_t shuffle = 0; shuffle < shuffles; ++shuffle) {
    for (Host& host : hosts)
      for (std::size_t left = host.size(); left > 1; --left)
        std::swap(host[left - 1].in_group, host[engine() % left].in_group);
    constexpr double rounding = 1e-12;
    if (std::abs(summed(differences_of(hosts)).mean) >= found - rounding) ++as_far;
  }
  return static_cast<double>(as_far) / static_cast<double>(shuffles + 1);
}

double chance_of_as_many(double events, double all_events, double share) {
  const auto all = static_cast<std::size_t>(std::lround(all_events));
  double sum = 0;
  for (auto count = static_cast<std::size_t>(std::lround(events)); count <= all; ++count) {
    const double n = static_cast<double>(all), k = static_cast<double>(count);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(share) +
                    (n - k) * std::log1p(-share));
  }
  return std::min(sum, 1.0);
}

}  // namespace neap
