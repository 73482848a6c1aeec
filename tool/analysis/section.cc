#include "tool/analysis/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tool/analysis/totals.h"
#include "tool/model/duration.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

double seconds_of(const Bound& bound, const Run& run) {
  if (bound.kind == Bound::Kind::share) return bound.value * end_of(run).count;
  if (bound.kind == Bound::Kind::seconds) return bound.value;
  const auto started = parse_moment(run.facts.started_at);
  if (!started) throw UsageFailure("a recording without a start has no time of day; give seconds or percent");
  return (bound.moment - *started).count;
}

// The samples of the stretch, and those of the last look before it, which tell how things stood at its beginning.
std::vector<Sample> samples_between(const Run& run, double from, double until) {
  double before = -1;
  for (const Sample& sample : run.samples)
    if (sample.at.count <= from) before = std::max(before, sample.at.count);
  std::vector<Sample> samples;
  for (Sample sample : run.samples) {
    const double at = sample.at.count;
    if (at > until || (at < from && at != before)) continue;
    sample.at = {std::max(0.0, at - from)};
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace

std::optional<Bound> parse_bound(const std::string& text) {
  Bound bound;
  if (text.ends_with('%')) {
    const auto share = parse_duration(text.substr(0, text.size() - 1));
    if (!share || share->count > 100) return std::nullopt;
    return Bound{Bound::Kind::share, share->count / 100, {}};
  }
  if (const auto seconds = parse_duration(text)) return Bound{Bound::Kind::seconds, seconds->count, {}};
  if (const auto moment = parse_moment(text)) return Bound{Bound::Kind::moment, 0, *moment};
  return std::nullopt;
}

Run stretch_of(const Run& run, const Stretch& stretch) {
  if (!stretch.from && !stretch.until) return run;
  const double whole = end_of(run).count;
  const double from = stretch.from ? std::max(0.0, seconds_of(*stretch.from, run)) : 0;
  const double until = stretch.until ? std::min(whole, seconds_of(*stretch.until, run)) : whole;
  Run part;
  part.facts = run.facts;
  part.processes = run.processes;
  part.samples = samples_between(run, from, until);
  if (until <= from || part.samples.empty())
    throw UsageFailure(fmt::format("{} has nothing from {:.1f} s to {:.1f} s; it lasts {:.1f} s", run.facts.label, from,
                                   until, whole));
  if (from > 0) part.facts.joined = true;
  if (const auto started = parse_moment(run.facts.started_at))
    part.facts.started_at = show_iso({started->unix_s + static_cast<std::int64_t>(from)});
  for (const Mark& mark : run.marks)
    if (mark.at.count >= from && mark.at.count <= until) part.marks.push_back({{mark.at.count - from}, mark.text});
  RunEnd end;
  if (run.end) {
    end.own_cpu_percent = run.end->own_cpu_percent;
    end.sample_interval = run.end->sample_interval;
    end.detail_interval = run.end->detail_interval;
    end.most_processes = run.end->most_processes;
    if (until >= whole) end.exit_code = run.end->exit_code;
    if (run.end->asked_to_stop && run.end->asked_to_stop->count <= until)
      end.asked_to_stop = Seconds{run.end->asked_to_stop->count - from};
  }
  end.wall = {until - from};
  part.end = end;
  return part;
}

}  // namespace neap
