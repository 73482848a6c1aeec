#include "tool/experiment/instance_means.h"

#include <algorithm>
#include <set>

namespace neap {
namespace {

struct Sums {
  double after = 0, before = 0;
  std::size_t after_count = 0, before_count = 0;
};

}  // namespace

std::vector<Outcome> memory_outcomes(const Experiment& experiment, Moment from, Moment until) {
  std::vector<Sums> sums(experiment.instances.size());
  for (const Reading& reading : experiment.readings) {
    Sums& sum = sums[reading.instance];
    const auto value = static_cast<double>(reading.rss.count);
    const auto switched = experiment.instances[reading.instance].switched_at;
    if (from <= reading.at && reading.at <= until) sum.after += value, ++sum.after_count;
    if (switched && reading.at < *switched) sum.before += value, ++sum.before_count;
  }
  std::vector<Outcome> outcomes;
  for (std::size_t at = 0; at < sums.size(); ++at) {
    if (sums[at].after_count == 0) continue;
    const Instance& instance = experiment.instances[at];
    Outcome& outcome = outcomes.emplace_back(Outcome{instance.host, instance.group, 0, {}});
    outcome.value = sums[at].after / static_cast<double>(sums[at].after_count);
    if (sums[at].before_count > 0) outcome.before = sums[at].before / static_cast<double>(sums[at].before_count);
  }
  return outcomes;
}

std::vector<Effect> effects_on(const std::string& quantity, const std::vector<Outcome>& outcomes,
                               const Experiment& experiment, const std::string& baseline, const Look& look) {
  std::vector<Effect> effects;
  for (const std::string& group : experiment.groups) {
    if (group == baseline) continue;
    auto effect = effect_within_hosts(outcomes, {group, baseline}, error_of_look(look));
    if (!effect) continue;
    effect->quantity = quantity;
    effect->chance = chance_by_shuffling(outcomes, {group, baseline});
    effects.push_back(std::move(*effect));
  }
  return effects;
}

bool spans_hosts(const Experiment& experiment) {
  std::set<std::string> hosts;
  for (const Instance& instance : experiment.instances) hosts.insert(instance.host);
  return hosts.size() > 1;
}

}  // namespace neap
