// Runs as a recorder would have written them, made by hand: a look a second at processes whose RSS is given in MiB.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/model/run.h"

namespace neap {

inline Bytes mib(double count) { return {static_cast<std::uint64_t>(count * (1 << 20))}; }

inline Sample made_sample(double at, double rss, std::int64_t process = 1) {
  Sample sample;
  sample.at = {at};
  sample.process = process;
  sample.rss = sample.peak_rss = mib(rss);
  sample.user = {at / 100};
  return sample;
}

// It ends by itself, a second after its last look.
inline Run made_run(const std::string& label, const std::vector<double>& rss) {
  Run run;
  run.facts.label = label;
  run.facts.command = {"tor"};
  run.facts.kernel = "Linux";
  run.facts.interval = {1};
  run.facts.started_at = "2026-01-05T02:00:00Z";
  run.processes.push_back({1, 100, 1, "tor", {}});
  for (std::size_t at = 0; at < rss.size(); ++at) run.samples.push_back(made_sample(static_cast<double>(at), rss[at]));
  run.end = RunEnd{};
  run.end->wall = {static_cast<double>(rss.size())};
  run.end->exit_code = 0;
  return run;
}

}  // namespace neap
