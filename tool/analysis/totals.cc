#include "tool/analysis/totals.h"

#include <map>
#include <set>

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

}  // namespace

std::vector<Total> sum_over_processes(const Run& run) {
  std::vector<Total> totals;
  std::map<std::int64_t, Bytes> latest_pss;
  Ticks ticks(run.facts.interval);
  Total total;
  bool pss_known = true;
  bool any = false;
  const auto close = [&] {
    if (any && !pss_known) total.pss.reset();
    if (any) totals.push_back(total);
  };
  for (const Sample& sample : run.samples) {
    if (ticks.begins_anew(sample) || !any) {
      close();
      total = {sample.at, {}, Bytes{}, std::nullopt};
      pss_known = true;
      any = true;
    }
    total.rss += sample.rss;
    if (sample.pss) latest_pss[sample.process] = *sample.pss;
    const auto pss = latest_pss.find(sample.process);
    if (pss == latest_pss.end())
      pss_known = false;
    else
      *total.pss += pss->second;
    if (sample.live) total.live = total.live.value_or(Bytes{}) + *sample.live;
  }
  close();
  return totals;
}

}  // namespace neap
