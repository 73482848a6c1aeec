#include "tool/analysis/summary.h"

#include <algorithm>
#include <map>

#include "tool/analysis/totals.h"

namespace neap {
namespace {

// The mean of a step function over [from, to]: each value holds until the next sample.
template <class Get>
std::optional<Bytes> mean_over(const std::vector<Total>& totals, Seconds from, Seconds to, Get get) {
  double weighted = 0;
  double duration = 0;
  for (std::size_t at = 0; at < totals.size(); ++at) {
    const std::optional<Bytes> value = get(totals[at]);
    const double start = std::max(from.count, totals[at].at.count);
    const double end = std::min(to.count, at + 1 < totals.size() ? totals[at + 1].at.count : to.count);
    if (!value || end <= start) continue;
    weighted += static_cast<double>(value->count) * (end - start);
    duration += end - start;
  }
  if (duration <= 0) return std::nullopt;
  return Bytes{static_cast<std::uint64_t>(weighted / duration)};
}

// What each process had used when it was last seen; without `whole_life`, from its first sample on.
void add_use(const Run& run, bool whole_life, Summary& summary) {
  std::map<std::int64_t, std::pair<const Sample*, const Sample*>> ends;
  for (const Sample& sample : run.samples)
    ends.try_emplace(sample.process, &sample, &sample).first->second.second = &sample;
  for (const auto& [process, span] : ends) {
    const auto& [first, last] = span;
    summary.cpu = summary.cpu + last->user + last->system;
    summary.minor_faults += last->minor_faults;
    summary.major_faults += last->major_faults;
    if (whole_life) continue;
    summary.cpu = summary.cpu - first->user - first->system;
    summary.minor_faults -= first->minor_faults;
    summary.major_faults -= first->major_faults;
  }
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

const ComparisonRow* find_row(const Comparison& comparison, const std::string& label) {
  const auto row = std::find_if(comparison.rows.begin(), comparison.rows.end(),
                                [&](const ComparisonRow& each) { return each.label == label; });
  return row == comparison.rows.end() ? nullptr : &*row;
}

}  // namespace

Summary summarize(const Run& run) {
  Summary summary;
  const std::vector<Total> totals = sum_over_processes(run);
  const Seconds last = totals.empty() ? Seconds{} : totals.back().at;
  summary.wall = run.end ? run.end->wall : last;
  const Seconds to{std::max(summary.wall.count, last.count + 1e-6)};
  const auto rss = [](const Total& total) { return std::optional<Bytes>(total.rss); };
  summary.mean_rss = mean_over(totals, {}, to, rss).value_or(Bytes{});
  summary.second_half_mean_rss = mean_over(totals, {to.count / 2}, to, rss).value_or(Bytes{});
  summary.mean_pss = mean_over(totals, {}, to, [](const Total& total) { return total.pss; });
  summary.mean_live = mean_over(totals, {}, to, [](const Total& total) { return total.live; });
  for (const Total& total : totals) summary.peak_rss = std::max(summary.peak_rss, total.rss);
  if (!totals.empty()) summary.end_rss = totals.back().rss;
  if (run.end && run.end->peak_rss) summary.peak_rss = std::max(summary.peak_rss, *run.end->peak_rss);
  if (run.end && run.end->user && run.end->system) {
    summary.cpu = *run.end->user + *run.end->system;
    summary.minor_faults = run.end->minor_faults.value_or(0);
    summary.major_faults = run.end->major_faults.value_or(0);
  } else {
    add_use(run, !run.facts.joined, summary);
  }
  if (run.end) summary.exit_code = run.end->exit_code;
  return summary;
}

Comparison compare_runs(const std::vector<Run>& runs) {
  Comparison comparison;
  for (const Run& run : runs) {
    const ComparisonRow* known = find_row(comparison, run.facts.label);
    ComparisonRow& row = known != nullptr ? comparison.rows[static_cast<std::size_t>(known - comparison.rows.data())]
                                          : comparison.rows.emplace_back(ComparisonRow{run.facts.label, {}, {}});
    row.runs.push_back(summarize(run));
  }
  return comparison;
}

std::optional<Spread> spread_of(const ComparisonRow& row, const Quantity& quantity) {
  std::vector<double> values;
  for (const Summary& run : row.runs)
    if (const auto value = quantity.get(run)) values.push_back(*value);
  if (values.empty()) return std::nullopt;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return Spread{median_of(values), *low, *high};
}

std::optional<double> ratio_to_baseline(const Comparison& comparison, const ComparisonRow& row,
                                        const Quantity& quantity) {
  const ComparisonRow* baseline = find_row(comparison, comparison.baseline);
  if (baseline == nullptr) return std::nullopt;
  const auto own = spread_of(row, quantity);
  const auto base = spread_of(*baseline, quantity);
  if (!own || !base || base->median <= 0) return std::nullopt;
  return own->median / base->median;
}

}  // namespace neap
