#include "tool/analysis/chart_lines.h"

#include <algorithm>
#include <cmath>

#include "tool/analysis/totals.h"

namespace neap {
namespace {

constexpr double least_clock_s = 2 * 3600;  // a shorter recording is read from its start
constexpr double most_apart = 0.02;         // of the whole, between the starts of lines that share a clock

std::size_t step_of(Seconds at, const Chart& chart) {
  return std::min(static_cast<std::size_t>(at.count / chart.step.count), chart.steps - 1);
}

// Steps that begin before this moment.
std::size_t steps_before(Seconds at, const Chart& chart) {
  return std::min(static_cast<std::size_t>(std::ceil(at.count / chart.step.count)), chart.steps);
}

// The values of one run that fall into one grid step.
struct Cell {
  double sum = 0;
  double low = 0;
  double high = 0;
  std::size_t count = 0;
  void add(double value) {
    low = count == 0 ? value : std::min(low, value);
    high = count == 0 ? value : std::max(high, value);
    sum += value;
    ++count;
  }
};

using Cells = std::vector<Cell>;

// A total holds until the next one. A step without a sample of its own repeats the last total, up to a gap.
template <class Get>
Cells cells_of(const std::vector<Total>& totals, const Chart& chart, Get get) {
  Cells cells(chart.steps);
  for (std::size_t at = 0; at < totals.size(); ++at) {
    const std::optional<double> value = get(totals[at]);
    if (!value) continue;
    const std::size_t first = step_of(totals[at].at, chart);
    const bool joins_next = at + 1 < totals.size() && totals[at].until >= totals[at + 1].at;
    const std::size_t next = joins_next ? step_of(totals[at + 1].at, chart) : steps_before(totals[at].until, chart);
    for (std::size_t step = first; step < std::max(next, first + 1); ++step) cells[step].add(*value);
  }
  return cells;
}

// In each step every run that has a value counts once, however often it was looked at.
std::vector<std::optional<ChartPoint>> joined(const std::vector<Cells>& runs, std::size_t steps) {
  std::vector<std::optional<ChartPoint>> points(steps);
  for (std::size_t step = 0; step < steps; ++step) {
    Cell over_runs;
    ChartPoint point;
    for (const Cells& cells : runs) {
      const Cell& cell = cells[step];
      if (cell.count == 0) continue;
      point.low = over_runs.count == 0 ? cell.low : std::min(point.low, cell.low);
      point.high = std::max(point.high, cell.high);
      over_runs.add(cell.sum / static_cast<double>(cell.count));
    }
    if (over_runs.count == 0) continue;
    point.middle = over_runs.sum / static_cast<double>(over_runs.count);
    points[step] = point;
  }
  return points;
}

ChartValues middles_of(const std::vector<Cells>& runs, std::size_t steps) {
  ChartValues values;
  bool any = false;
  for (const auto& point : joined(runs, steps)) {
    values.push_back(point ? std::optional(point->middle) : std::nullopt);
    any = any || point.has_value();
  }
  return any ? values : ChartValues{};
}

std::optional<double> number(const std::optional<Bytes>& bytes) {
  return bytes ? std::optional(static_cast<double>(bytes->count)) : std::nullopt;
}

// No values where all of them are zero: such a line tells nothing.
ChartValues unless_zero(ChartValues values) {
  const bool any = std::any_of(values.begin(), values.end(), [](const auto& value) { return value && *value > 0; });
  return any ? values : ChartValues{};
}

ChartLine line_of(const std::string& label, const std::vector<std::vector<Total>>& runs, const Chart& chart) {
  std::vector<Cells> rss, floor, pss, swap, cpu;
  for (const std::vector<Total>& totals : runs) {
    rss.push_back(cells_of(totals, chart, [](const Total& total) { return number(total.rss); }));
    floor.push_back(cells_of(totals, chart, [](const Total& total) { return number(total.floor); }));
    pss.push_back(cells_of(totals, chart, [](const Total& total) { return number(total.pss); }));
    swap.push_back(cells_of(totals, chart, [](const Total& total) { return number(total.swap); }));
    cpu.push_back(cells_of(totals, chart, [](const Total& total) { return total.cpu_share; }));
  }
  return {label,
          joined(rss, chart.steps),
          middles_of(floor, chart.steps),
          middles_of(pss, chart.steps),
          unless_zero(middles_of(swap, chart.steps)),
          middles_of(cpu, chart.steps)};
}

// The hour of day tells something where all recordings ran at the same time, for hours.
std::optional<Moment> clock_of(const std::vector<Run>& runs, double longest) {
  if (longest < least_clock_s) return std::nullopt;
  std::optional<Moment> first, last;
  for (const Run& run : runs) {
    const auto started = parse_moment(run.facts.started_at);
    if (!started) return std::nullopt;
    first = std::min(first.value_or(*started), *started);
    last = std::max(last.value_or(*started), *started);
  }
  return (*last - *first).count <= most_apart * longest ? first : std::nullopt;
}

// The same floor under several lines, as in replays of one trace, is drawn once.
void draw_floors_once(std::vector<ChartLine>& lines) {
  constexpr double most_apart_share = 0.01;
  const auto is_same = [](const ChartValues& a, const ChartValues& b) {
    double apart = 0, sum = 0;
    for (std::size_t at = 0; at < std::min(a.size(), b.size()); ++at)
      if (a[at] && b[at]) apart += std::abs(*a[at] - *b[at]), sum += *a[at];
    return sum > 0 && apart <= most_apart_share * sum;
  };
  for (std::size_t at = 1; at < lines.size(); ++at)
    for (std::size_t before = 0; before < at; ++before)
      if (is_same(lines[before].floor, lines[at].floor)) lines[at].floor.clear();
}

}  // namespace

Chart draw_lines(const std::vector<Run>& runs, std::size_t most_steps) {
  Chart chart;
  double longest = 0;
  double interval = 0;
  std::vector<std::string> labels;
  for (const Run& run : runs) {
    longest = std::max(longest, end_of(run).count);
    interval = std::max(interval, run.facts.interval.count);
    if (std::find(labels.begin(), labels.end(), run.facts.label) == labels.end()) labels.push_back(run.facts.label);
  }
  chart.step = {std::max({interval, longest / static_cast<double>(most_steps), 1e-3})};
  chart.steps = static_cast<std::size_t>(std::ceil(longest / chart.step.count)) + 1;
  chart.clock = clock_of(runs, longest);
  for (const Run& run : runs)
    for (const Mark& mark : run.marks)
      chart.marks.push_back({mark.at, runs.size() > 1 ? run.facts.label + ": " + mark.text : mark.text});
  for (const std::string& label : labels) {
    std::vector<std::vector<Total>> totals;
    for (const Run& run : runs)
      if (run.facts.label == label) totals.push_back(sum_over_processes(run));
    chart.lines.push_back(line_of(label, totals, chart));
  }
  draw_floors_once(chart.lines);
  return chart;
}

}  // namespace neap
