#include "tool/analysis/totals.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "tool/model/statistics.h"

namespace neap {
namespace {

// A tick's samples are taken one after another: a process that comes again begins the next tick, and so does a pause.
class Ticks {
 public:
  explicit Ticks(Seconds interval) : longest_{interval.count / 2} {}

  bool begins_anew(const Sample& sample) {
    const bool anew = seen_.contains(sample.process) || sample.at - start_ > longest_;
    if (anew || seen_.empty()) start_ = sample.at;
    if (anew) seen_.clear();
    seen_.insert(sample.process);
    return anew;
  }

 private:
  Seconds longest_;
  Seconds start_{};
  std::set<std::int64_t> seen_;
};

// A look that does not come for this many intervals leaves a gap: the machine slept, or the recorder was stopped.
constexpr double longest_hold = 3;

// How long a value stands for what comes behind it. Where there was no budget for the wanted interval, looks come as
// they can: their usual distance counts.
Seconds hold_of(const std::vector<Total>& totals, Seconds interval) {
  if (interval.count <= 0) return {std::numeric_limits<double>::infinity()};
  std::vector<double> distances;
  for (std::size_t at = 1; at < totals.size(); ++at) distances.push_back((totals[at].at - totals[at - 1].at).count);
  const double usual = distances.empty() ? 0 : median_of(std::move(distances));
  return {longest_hold * std::max(usual, interval.count)};
}

void set_ends(std::vector<Total>& totals, const Run& run) {
  const Seconds hold = hold_of(totals, run.facts.interval);
  for (std::size_t at = 0; at < totals.size(); ++at) {
    const Seconds next = at + 1 < totals.size() ? totals[at + 1].at : std::max(end_of(run), totals[at].at);
    totals[at].until = std::min(next, totals[at].at + hold);
  }
}

// What the heap holds above its live bytes is all that an allocator can save.
Bytes floor_of(const Sample& sample) {
  if (!sample.live || !sample.heap_resident || *sample.heap_resident <= *sample.live) return sample.rss;
  const std::uint64_t above = sample.heap_resident->count - sample.live->count;
  return {sample.rss.count - std::min(above, sample.rss.count)};
}

// The look that is taken as a program begins shows an empty process. Where no other followed, nobody saw it at work.
bool ended_unseen(const Run& run) {
  constexpr Seconds beginning{0.01};
  return run.end && run.end->exit_code && !run.facts.joined && run.facts.interval.count > 0 && !run.samples.empty() &&
         run.samples.back().at < beginning;
}

void add_cpu(const Sample& sample, std::map<std::int64_t, Sample>& seen, Total& total) {
  const auto [before, is_new] = seen.try_emplace(sample.process, sample);
  const double passed = sample.at.count - before->second.at.count;
  const double used = (sample.user + sample.system - before->second.user - before->second.system).count;
  if (!is_new && passed > 0) total.cpu_share = total.cpu_share.value_or(0) + std::max(0.0, used) / passed;
  before->second = sample;
}

}  // namespace

Seconds end_of(const Run& run) {
  const Seconds sampled = run.samples.empty() ? Seconds{} : run.samples.back().at;
  return run.end ? std::max(run.end->wall, sampled) : sampled;
}

std::vector<Total> sum_over_processes(const Run& run) {
  std::vector<Total> totals;
  if (ended_unseen(run)) return totals;
  std::map<std::int64_t, Bytes> latest_pss;
  std::map<std::int64_t, Sample> cpu_seen;
  Ticks ticks(run.facts.interval);
  Total total;
  Bytes floor;
  bool floor_told = false;
  bool pss_known = true;
  bool any = false;
  const auto close = [&] {
    if (!any) return;
    if (!pss_known) total.pss.reset();
    if (floor_told) total.floor = floor;
    totals.push_back(total);
  };
  for (const Sample& sample : run.samples) {
    if (ticks.begins_anew(sample) || !any) {
      close();
      total = Total{};
      total.at = total.until = sample.at;
      total.pss = Bytes{};
      floor = {};
      floor_told = false;
      pss_known = true;
      any = true;
    }
    total.rss += sample.rss;
    total.swap += sample.swap;
    add_cpu(sample, cpu_seen, total);
    floor += floor_of(sample);
    floor_told = floor_told || (sample.live && sample.heap_resident);
    if (sample.pss) latest_pss[sample.process] = *sample.pss;
    const auto pss = latest_pss.find(sample.process);
    if (pss == latest_pss.end())
      pss_known = false;
    else
      *total.pss += pss->second;
    if (sample.live) total.live = total.live.value_or(Bytes{}) + *sample.live;
    if (sample.heap_resident) total.heap = total.heap.value_or(Bytes{}) + *sample.heap_resident;
  }
  close();
  set_ends(totals, run);
  return totals;
}

}  // namespace neap
