#include "tool/experiment/commands/prometheus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "tool/experiment/instance_means.h"
#include "tool/metrics/query.h"
#include "tool/model/failure.h"
#include "tool/model/switch_state.h"

namespace neap {
namespace {

constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::int64_t default_days = 30;  // that are looked through for the experiment
constexpr double finest_step_s = 10;       // no fleet is scraped oftener
constexpr double points = 2'000;           // of each series: Prometheus answers up to 11,000
constexpr int narrowings = 3;              // each leaves two steps of the one before, at the least

// What is compared besides memory: the metric whose growth is taken, and the name in the report.
struct Quantity {
  const char* name;
  const char* metric;
};
constexpr std::array costs{Quantity{"CPU", "neap_unit_cpu_seconds_total"},
                           Quantity{"traffic", "tor_relay_traffic_bytes"}};
constexpr std::array events{Quantity{"restarts", "neap_unit_restarts_total"},
                            Quantity{"OOM kills", "neap_unit_oom_kills_total"}};

using Key = std::pair<std::string, std::string>;  // host and unit

std::string label(const Series& series, const char* name) {
  const auto found = series.labels.find(name);
  return found == series.labels.end() ? "" : found->second;
}

Key key_of(const Series& series) { return {label(series, "instance"), label(series, "unit")}; }

std::string quoted(const std::string& text) {
  std::string out;
  for (const char letter : text)
    out += letter == '"' || letter == '\\' ? fmt::format("\\{}", letter) : std::string(1, letter);
  return "\"" + out + "\"";
}

struct Span {
  Moment from, until;
  Seconds step() const { return {std::max(finest_step_s, std::ceil((until - from).count / points))}; }
  // The first step lies whole steps before the end, so that the last value of all is read.
  Moment first_step() const {
    const double steps = std::floor((until - from).count / step().count);
    return {until.unix_s - static_cast<std::int64_t>(steps * step().count)};
  }
  std::string text() const { return fmt::format("{}s", std::max<std::int64_t>(1, until.unix_s - from.unix_s)); }
};

Span span_of(const PrometheusSource& source) {
  const Moment until = source.until.value_or(this_moment());
  return {source.from.value_or(Moment{until.unix_s - default_days * day}), until};
}

// Begins the span where the experiment does in Prometheus. A span of 30 days would be read in steps of half an hour.
Span narrowed(const PrometheusApi& api, const PrometheusSource& source, Span span) {
  for (int round = 0; round < narrowings; ++round) {
    const Seconds step = span.step();
    const auto found = api.between(fmt::format("count(present_over_time(neap_unit_info{{experiment={}}}[{}s]))",
                                               quoted(source.name), static_cast<std::int64_t>(step.count)),
                                   span.from, {span.until.unix_s + static_cast<std::int64_t>(step.count)}, step);
    if (found.empty() || found.front().points.empty()) break;
    const Moment first = found.front().points.front().first;
    span.from = std::max(span.from, Moment{first.unix_s - static_cast<std::int64_t>(step.count)});
  }
  return span;
}

// The group of each instance is the last that its unit told. What an instance was in an earlier experiment of the same
// name does not count.
std::map<Key, std::size_t> read_assignment(const PrometheusApi& api, const PrometheusSource& source, const Span& span,
                                           Experiment& experiment) {
  std::map<Key, std::size_t> instances;
  std::map<Key, Moment> told;
  const std::string expression = fmt::format("neap_unit_info{{experiment={},group!=\"\"}}", quoted(source.name));
  for (const Series& series : api.between(expression, span.first_step(), span.until, span.step())) {
    if (series.points.empty()) continue;
    const Key key = key_of(series);
    const std::string group = label(series, "group");
    if (std::find(experiment.groups.begin(), experiment.groups.end(), group) == experiment.groups.end())
      experiment.groups.push_back(group);
    const auto [known, added] = instances.emplace(key, experiment.instances.size());
    if (added) experiment.instances.push_back({key.second, group, std::nullopt, key.first});
    const Moment last = series.points.back().first;
    if (added || told[key] < last) experiment.instances[known->second].group = group, told[key] = last;
  }
  std::sort(experiment.groups.begin(), experiment.groups.end());
  return instances;
}

void read_switches(const PrometheusApi& api, const Span& span, const std::map<Key, std::size_t>& instances,
                   Experiment& experiment) {
  for (const Series& series :
       api.at(fmt::format("last_over_time(neap_unit_switch_time_seconds[{}])", span.text()), span.until))
    if (const auto known = instances.find(key_of(series)); known != instances.end() && !series.points.empty())
      experiment.instances[known->second].switched_at = Moment{static_cast<std::int64_t>(series.points.back().second)};
}

// PSS where it was read, RSS elsewhere. Only of the last reading does read_what_runs tell what runs.
void read_memory(const PrometheusApi& api, const Span& span, const std::map<Key, std::size_t>& instances,
                 Experiment& experiment) {
  for (const Series& series : api.between("neap_unit_proportional_bytes or neap_unit_resident_bytes", span.first_step(),
                                          span.until, span.step())) {
    const auto known = instances.find(key_of(series));
    if (known == instances.end()) continue;
    for (const auto& [at, value] : series.points)
      if (value > 0)
        experiment.readings.push_back({at, known->second, {static_cast<std::uint64_t>(value)}, std::nullopt});
  }
  std::sort(experiment.readings.begin(), experiment.readings.end(), [](const Reading& a, const Reading& b) {
    return std::pair(a.at, a.instance) < std::pair(b.at, b.instance);
  });
}

void read_what_runs(const PrometheusApi& api, const PrometheusSource& source, const Span& span,
                    const std::map<Key, std::size_t>& instances, Experiment& experiment) {
  std::map<std::size_t, bool> fits;
  for (const Series& series : api.at(fmt::format("neap_unit_info{{experiment={}}}", quoted(source.name)), span.until))
    if (const auto known = instances.find(key_of(series)); known != instances.end())
      fits[known->second] = label(series, "state") != word_of(SwitchState::drift) &&
                            label(series, "state") != word_of(SwitchState::not_switched);
  for (auto reading = experiment.readings.rbegin(); reading != experiment.readings.rend() && !fits.empty(); ++reading)
    if (const auto found = fits.find(reading->instance); found != fits.end())
      reading->as_assigned = found->second, fits.erase(found);
}

// How much each instance added in the time of the report.
std::vector<Outcome> growth_of(const PrometheusApi& api, const Quantity& quantity, const Span& span,
                               const Experiment& experiment) {
  std::map<Key, const Instance*> instances;
  for (const Instance& instance : experiment.instances) instances[{instance.host, instance.name}] = &instance;
  std::vector<Outcome> outcomes;
  const std::string expression =
      fmt::format("sum by (instance, unit) (increase({}[{}]))", quantity.metric, span.text());
  for (const Series& series : api.at(expression, span.until))
    if (const auto known = instances.find(key_of(series)); known != instances.end() && !series.points.empty())
      outcomes.push_back({known->first.first, known->second->group, series.points.back().second, {}});
  return outcomes;
}

void count_events(const Quantity& quantity, const std::vector<Outcome>& outcomes, const Experiment& experiment,
                  const std::string& baseline, HostComparison& comparison) {
  std::map<std::string, std::pair<double, double>> groups;  // events, instances
  for (const Outcome& outcome : outcomes)
    groups[outcome.group].first += std::round(outcome.value), ++groups[outcome.group].second;
  for (const std::string& group : experiment.groups) {
    if (group == baseline || !groups.contains(group) || !groups.contains(baseline)) continue;
    const auto [events_here, instances_here] = groups[group];
    const auto [events_there, instances_there] = groups[baseline];
    comparison.events.push_back({quantity.name, group, events_here, events_there,
                                 chance_of_as_many(events_here, events_here + events_there,
                                                   instances_here / (instances_here + instances_there))});
  }
}

}  // namespace

Experiment experiment_from_prometheus(const PrometheusSource& source) {
  const PrometheusApi api(source.url);
  const Span span = narrowed(api, source, span_of(source));
  Experiment experiment;
  experiment.name = source.name;
  experiment.origin = source.url;
  const auto instances = read_assignment(api, source, span, experiment);
  if (instances.empty())
    throw UsageFailure(
        fmt::format("Prometheus at '{}' has no instance of an experiment '{}' from {} to {}; it is known from neap "
                    "experiment init on each host, by neap metrics",
                    source.url, source.name, show_moment(span.from), show_moment(span.until)));
  read_switches(api, span, instances, experiment);
  read_memory(api, span, instances, experiment);
  read_what_runs(api, source, span, instances, experiment);
  return experiment;
}

HostComparison compare_by_prometheus(const PrometheusSource& source, const Experiment& experiment,
                                     const ExperimentFigures& figures, const Look& look) {
  const PrometheusApi api(source.url);
  const Span span{figures.from, figures.until};
  HostComparison comparison;
  comparison.look = look.number, comparison.looks = look.planned;
  comparison.effects =
      effects_on("memory", memory_outcomes(experiment, span.from, span.until), experiment, figures.baseline, look);
  for (const Quantity& quantity : costs)
    for (Effect& effect :
         effects_on(quantity.name, growth_of(api, quantity, span, experiment), experiment, figures.baseline, look))
      comparison.effects.push_back(std::move(effect));
  for (const Quantity& quantity : events)
    count_events(quantity, growth_of(api, quantity, span, experiment), experiment, figures.baseline, comparison);
  return comparison;
}

}  // namespace neap
