#include "tool/experiment/experiment_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tool/experiment/bootstrap.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr std::int64_t day = 24 * 60 * 60;
constexpr std::size_t resamples = 10'000;
constexpr std::size_t chart_resamples = 1'000;  // an interval for each step of the chart: coarser, as it is drawn
constexpr std::size_t chart_steps = 400;

struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(double value) { sum += value, ++count; }
  double value() const { return sum / static_cast<double>(count); }
};

// Instances' means by cell of time; a cell is a day for the tables, a step of the grid for the chart.
using Cells = std::vector<std::map<std::size_t, Mean>>;

std::vector<double> values_of(const std::map<std::size_t, Mean>& cell) {
  std::vector<double> values;
  for (const auto& [instance, mean] : cell) values.push_back(mean.value());
  return values;
}

// What an instance held before its switch does not count for its group.
bool counts(const Experiment& experiment, const Reading& reading) {
  const auto& switched = experiment.instances[reading.instance].switched_at;
  return !switched || *switched <= reading.at;
}

std::vector<Reading> readings_between(const Experiment& experiment, Moment from, Moment until) {
  std::vector<Reading> readings;
  for (const Reading& reading : experiment.readings)
    if (from <= reading.at && reading.at <= until && counts(experiment, reading)) readings.push_back(reading);
  return readings;
}

Moment start_of(const Experiment& experiment) {
  Moment start = experiment.readings.front().at;
  for (const Instance& instance : experiment.instances)
    if (instance.switched_at) start = std::max(start, *instance.switched_at);
  return start;
}

Cells cells_of(const std::vector<Reading>& readings, const Experiment& experiment, const std::string& group,
               Moment from, double step, std::size_t count) {
  Cells cells(count);
  for (const Reading& reading : readings) {
    if (experiment.instances[reading.instance].group != group) continue;
    const auto cell = static_cast<std::size_t>((reading.at - from).count / step);
    cells[std::min(cell, count - 1)][reading.instance].add(static_cast<double>(reading.rss.count));
  }
  return cells;
}

std::map<std::size_t, Reading> last_readings(const std::vector<Reading>& readings, const Experiment& experiment,
                                             const std::string& group, Moment until) {
  std::map<std::size_t, Reading> last;
  for (const Reading& reading : readings)
    if (experiment.instances[reading.instance].group == group && reading.at.unix_s > until.unix_s - day)
      last[reading.instance] = reading;
  return last;
}

std::string remark_on(const std::map<std::size_t, Reading>& last) {
  const auto strayed = std::count_if(last.begin(), last.end(), [](const auto& each) {
    return each.second.as_assigned.has_value() && !*each.second.as_assigned;
  });
  if (strayed == 0) return {};
  return fmt::format("{} of {} instances did not run on their allocator at the last reading", strayed, last.size());
}

std::vector<double> rss_of(const std::map<std::size_t, Reading>& last) {
  std::vector<double> values;
  for (const auto& [instance, reading] : last) values.push_back(static_cast<double>(reading.rss.count));
  return values;
}

GroupFigures figures_of_group(const std::vector<Reading>& readings, const Experiment& experiment,
                              const std::string& group, const ExperimentFigures& frame) {
  const Bootstrap bootstrap(frame.resamples);
  GroupFigures figures;
  figures.label = group;
  std::map<std::size_t, Mean> whole;
  const auto days = static_cast<std::size_t>((frame.until.unix_s - frame.from.unix_s) / day + 1);
  for (const auto& cell : cells_of(readings, experiment, group, frame.from, day, days)) {
    auto& estimate = figures.days.emplace_back();
    if (cell.empty()) continue;
    estimate = bootstrap.mean(values_of(cell));
    figures.highest = std::max(figures.highest, estimate->mean);
    for (const auto& [instance, mean] : cell) whole[instance].add(mean.value());
  }
  figures.instances = whole.size();
  if (!whole.empty()) figures.whole = bootstrap.mean(values_of(whole));
  const auto last = last_readings(readings, experiment, group, frame.until);
  if (!last.empty()) figures.last = bootstrap.mean(rss_of(last));
  if (figures.last) figures.highest = std::max(figures.highest, figures.last->mean);  // a peak is never below the end
  figures.remark = remark_on(last);
  return figures;
}

void compare_to_baseline(const std::vector<Reading>& readings, const Experiment& experiment,
                         ExperimentFigures& figures) {
  const auto base = rss_of(last_readings(readings, experiment, figures.baseline, figures.until));
  if (std::all_of(base.begin(), base.end(), [](double value) { return value <= 0; })) return;
  for (GroupFigures& group : figures.groups) {
    const auto own = rss_of(last_readings(readings, experiment, group.label, figures.until));
    if (group.label == figures.baseline || own.empty()) continue;
    group.ratio = Bootstrap(figures.resamples).ratio(own, base);
  }
}

// Straight lines between the cells that hold something.
void join_points(std::vector<std::optional<ChartPoint>>& points) {
  std::size_t before = points.size();
  for (std::size_t at = 0; at < points.size(); ++at) {
    if (!points[at]) continue;
    for (std::size_t gap = before + 1; before < at && gap < at; ++gap) {
      const double share = static_cast<double>(gap - before) / static_cast<double>(at - before);
      const auto mix = [share](double from, double to) { return from + (to - from) * share; };
      points[gap] =
          ChartPoint{mix(points[before]->low, points[at]->low), mix(points[before]->middle, points[at]->middle),
                     mix(points[before]->high, points[at]->high)};
    }
    before = at;
  }
}

}  // namespace

ExperimentFigures figures_of(const Experiment& experiment, const Window& window, const std::string& baseline) {
  if (experiment.readings.empty())
    throw UsageFailure(fmt::format("experiment '{0}' holds no reading yet; take one with: neap experiment collect {0}",
                                   experiment.name));
  ExperimentFigures figures;
  figures.title = experiment.name;
  figures.baseline = baseline;
  figures.resamples = resamples;
  figures.from = window.from.value_or(start_of(experiment));
  figures.until = window.until.value_or(experiment.readings.back().at);
  const auto readings = readings_between(experiment, figures.from, figures.until);
  if (readings.empty())
    throw UsageFailure(fmt::format("experiment '{}' has no reading from {} to {}; it has them from {} to {}",
                                   experiment.name, show_moment(figures.from), show_moment(figures.until),
                                   show_moment(experiment.readings.front().at),
                                   show_moment(experiment.readings.back().at)));
  figures.from = readings.front().at;
  figures.until = readings.back().at;
  std::set<Moment> collections;
  for (const Reading& reading : readings) collections.insert(reading.at);
  figures.collections = collections.size();
  for (const std::string& group : experiment.groups)
    figures.groups.push_back(figures_of_group(readings, experiment, group, figures));
  compare_to_baseline(readings, experiment, figures);
  return figures;
}

Chart chart_of(const Experiment& experiment, const ExperimentFigures& figures) {
  Chart chart;
  chart.title = figures.title;
  chart.shade = "95% interval of the mean";
  chart.step = {std::max(1.0, std::ceil((figures.until - figures.from).count / static_cast<double>(chart_steps)))};
  chart.clock = figures.from;
  chart.steps = static_cast<std::size_t>((figures.until - figures.from).count / chart.step.count) + 1;
  const auto readings = readings_between(experiment, figures.from, figures.until);
  const Bootstrap bootstrap(chart_resamples);
  for (const std::string& group : experiment.groups) {
    ChartLine line;
    line.label = group;
    for (const auto& cell : cells_of(readings, experiment, group, figures.from, chart.step.count, chart.steps)) {
      auto& point = line.points.emplace_back();
      if (cell.empty()) continue;
      const Estimate estimate = bootstrap.mean(values_of(cell));
      const Interval interval = estimate.interval.value_or(Interval{estimate.mean, estimate.mean});
      point = ChartPoint{interval.low, estimate.mean, interval.high};
    }
    join_points(line.points);
    if (std::any_of(line.points.begin(), line.points.end(), [](const auto& point) { return point.has_value(); }))
      chart.lines.push_back(std::move(line));
  }
  return chart;
}

}  // namespace neap
