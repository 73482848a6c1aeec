#include "tool/analysis/chart_lines.h"

#include <algorithm>
#include <cmath>

#include "tool/analysis/totals.h"

namespace neap {
namespace {

// Sums and extremes of the values that fall into one grid step.
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

double duration_of(const Run& run) {
  const double sampled = run.samples.empty() ? 0 : run.samples.back().at.count;
  return std::max(sampled, run.end ? run.end->wall.count : 0);
}

std::size_t step_of(Seconds at, Seconds step, std::size_t steps) {
  return std::min(static_cast<std::size_t>(at.count / step.count), steps - 1);
}

// A total holds until the next one: steps without a sample of their own, between two samples, repeat the last.
void spread_into(const std::vector<Total>& totals, const Chart& chart, std::vector<Cell>& rss,
                 std::vector<Cell>& live) {
  for (std::size_t at = 0; at < totals.size(); ++at) {
    const std::size_t first = step_of(totals[at].at, chart.step, chart.steps);
    const std::size_t next = at + 1 < totals.size() ? step_of(totals[at + 1].at, chart.step, chart.steps) : first + 1;
    for (std::size_t step = first; step < std::max(next, first + 1); ++step) {
      rss[step].add(static_cast<double>(totals[at].rss.count));
      if (totals[at].live) live[step].add(static_cast<double>(totals[at].live->count));
    }
  }
}

ChartLine line_of(const std::string& label, const std::vector<Run>& runs, const Chart& chart) {
  std::vector<Cell> rss(chart.steps);
  std::vector<Cell> live(chart.steps);
  for (const Run& run : runs)
    if (run.facts.label == label) spread_into(sum_over_processes(run), chart, rss, live);
  ChartLine line{label, {}, {}};
  for (const Cell& cell : rss) {
    std::optional<ChartPoint>& point = line.points.emplace_back();
    if (cell.count > 0) point = ChartPoint{cell.low, cell.sum / static_cast<double>(cell.count), cell.high};
  }
  if (std::none_of(live.begin(), live.end(), [](const Cell& cell) { return cell.count > 0; })) return line;
  for (const Cell& cell : live) {
    std::optional<double>& point = line.live.emplace_back();
    if (cell.count > 0) point = cell.sum / static_cast<double>(cell.count);
  }
  return line;
}

}  // namespace

Chart draw_lines(const std::vector<Run>& runs, std::size_t most_steps) {
  Chart chart;
  double longest = 0;
  double interval = 0;
  std::vector<std::string> labels;
  for (const Run& run : runs) {
    longest = std::max(longest, duration_of(run));
    interval = std::max(interval, run.facts.interval.count);
    if (std::find(labels.begin(), labels.end(), run.facts.label) == labels.end()) labels.push_back(run.facts.label);
  }
  chart.step = {std::max({interval, longest / static_cast<double>(most_steps), 1e-3})};
  chart.steps = static_cast<std::size_t>(std::ceil(longest / chart.step.count)) + 1;
  for (const std::string& label : labels) chart.lines.push_back(line_of(label, runs, chart));
  return chart;
}

}  // namespace neap
