#include "tool/analysis/summary.h"

#include <algorithm>
#include <cmath>

#include "tool/analysis/likeness.h"
#include "tool/analysis/rise.h"
#include "tool/analysis/totals.h"
#include "tool/analysis/use.h"

namespace neap {
namespace {

// The mean of a step function over [from, to]. Gaps count nothing; where only one moment is known, it is that.
template <class Get>
std::optional<Bytes> mean_over(const std::vector<Total>& totals, Seconds from, Seconds to, Get get) {
  double weighted = 0;
  double duration = 0;
  std::optional<Bytes> last;
  for (const Total& total : totals) {
    const std::optional<Bytes> value = get(total);
    const double start = std::max(from.count, total.at.count);
    const double end = std::min(to.count, total.until.count);
    if (value) last = value;
    if (!value || end <= start) continue;
    weighted += static_cast<double>(value->count) * (end - start);
    duration += end - start;
  }
  if (duration <= 0) return last;
  return Bytes{static_cast<std::uint64_t>(weighted / duration)};
}

// A program that leaves by itself gives memory back on its way out, fast or slowly as its allocator has it: the fall
// that ends with the last sample is no work of its own. Nobody takes longer for that than this share of a run.
constexpr double longest_leaving = 0.25;
constexpr double ripple = 0.01;  // of the peak: how much RSS may rise within a fall

std::optional<Bytes> before_leaving(const std::vector<Total>& totals, Seconds wall, Bytes peak) {
  const double tolerance = ripple * static_cast<double>(peak.count);
  std::size_t at = totals.size() - 1;
  std::size_t highest = at;
  while (at > 0 && totals[at - 1].at.count >= wall.count * (1 - longest_leaving) &&
         static_cast<double>(totals[at - 1].rss.count) + tolerance >= static_cast<double>(totals[at].rss.count)) {
    --at;
    if (totals[at].rss > totals[highest].rss) highest = at;
  }
  const auto fall = static_cast<double>(totals[highest].rss.count) - static_cast<double>(totals.back().rss.count);
  return fall > 2 * tolerance ? totals[highest].rss : totals.back().rss;
}

std::optional<Bytes> end_rss_of(const std::vector<Total>& totals, const Run& run, Bytes peak) {
  if (totals.empty()) return std::nullopt;
  if (!run.end) return totals.back().rss;
  if (run.end->asked_to_stop) {
    std::optional<Bytes> last;
    for (const Total& total : totals)
      if (total.at <= *run.end->asked_to_stop || !last) last = total.rss;
    return last;
  }
  return run.end->exit_code ? before_leaving(totals, run.end->wall, peak) : totals.back().rss;
}

// CPU time and faults of the whole run: by the kernel's account where there is one, else by the samples.
void add_use(const Run& run, Summary& summary) {
  if (run.end && run.end->user && run.end->system) {
    summary.cpu = *run.end->user + *run.end->system;
    summary.minor_faults = run.end->minor_faults.value_or(0);
    summary.major_faults = run.end->major_faults.value_or(0);
    return;
  }
  const Use use = use_of(run);
  summary.cpu = use.cpu;
  summary.minor_faults = use.minor_faults;
  summary.major_faults = use.major_faults;
}

std::optional<double> as_number(std::optional<Bytes> bytes) {
  return bytes ? std::optional(static_cast<double>(bytes->count)) : std::nullopt;
}

// As a logarithm, whose rise is a share of the ratio.
std::optional<double> heap_to_live(const Total& total) {
  if (!total.heap || !total.live || total.heap->count == 0 || total.live->count == 0) return std::nullopt;
  return std::log(*as_number(total.heap) / *as_number(total.live));
}

void add_slopes(const std::vector<Total>& totals, Summary& summary) {
  summary.rss_slope = rise_of(totals, [](const Total& total) { return as_number(total.rss); });
  summary.live_slope = rise_of(totals, [](const Total& total) { return as_number(total.live); });
  summary.heap_to_live_slope = rise_of(totals, heap_to_live);
}

}  // namespace

Summary summarize(const Run& run) {
  Summary summary;
  const std::vector<Total> totals = sum_over_processes(run);
  summary.wall = run.end ? run.end->wall : end_of(run);
  const Seconds to = end_of(run);
  const auto rss = [](const Total& total) { return std::optional<Bytes>(total.rss); };
  summary.mean_rss = mean_over(totals, {}, to, rss);
  summary.second_half_mean_rss = mean_over(totals, {to.count / 2}, to, rss);
  summary.mean_pss = mean_over(totals, {}, to, [](const Total& total) { return total.pss; });
  summary.mean_floor = mean_over(totals, {}, to, [](const Total& total) { return total.floor; });
  summary.mean_live = mean_over(totals, {}, to, [](const Total& total) { return total.live; });
  add_slopes(totals, summary);
  Bytes peak = run.end ? run.end->peak_rss.value_or(Bytes{}) : Bytes{};
  for (const Total& total : totals) peak = std::max(peak, total.rss);
  if (peak > Bytes{}) summary.peak_rss = peak;
  summary.end_rss = end_rss_of(totals, run, peak);
  add_use(run, summary);
  if (run.end) summary.exit_code = run.end->exit_code;
  return summary;
}

Comparison compare_runs(const std::vector<Run>& runs) {
  Comparison comparison;
  std::vector<std::vector<const Run*>> members;
  for (const Run& run : runs) {
    std::size_t row = 0;
    while (row < comparison.rows.size() && comparison.rows[row].label != run.facts.label) ++row;
    if (row == comparison.rows.size()) {
      comparison.rows.emplace_back().label = run.facts.label;
      members.emplace_back();
    }
    comparison.rows[row].runs.push_back(summarize(run));
    members[row].push_back(&run);
  }
  for (std::size_t row = 0; row < members.size(); ++row) {
    const std::vector<std::string> differences = differences_between(members[row]);
    comparison.rows[row].alike = differences.empty();
    for (const std::string& each : differences)
      comparison.rows[row].remarks.push_back("its recordings differ: " + each);
  }
  for (const std::string& each : differences_between_rows(members))
    comparison.remarks.push_back("the rows differ in more than their names: " + each);
  return comparison;
}

}  // namespace neap
