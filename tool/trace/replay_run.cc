#include <algorithm>

#include "tool/trace/replay.h"

namespace neap {
namespace {

constexpr std::int64_t the_process = 1;

Run empty_run(const std::string& label, const std::string& trace_path) {
  Run run;
  run.facts.label = label;
  run.facts.command = {"neap", "trace", "replay", trace_path};
  run.processes.push_back({the_process, 1, 0, "neap-replay", {}});
  return run;
}

void add_samples(Run& run, const Replay& replay) {
  Bytes peak;
  for (const ReplaySample& each : replay.samples) {
    Sample sample;
    sample.at = each.trace_time;
    sample.process = the_process;
    sample.rss = each.resident;
    sample.peak_rss = peak = std::max(peak, sample.rss);
    sample.threads = 1;
    sample.live = each.live;
    sample.heap_resident = sample.rss;  // all of it is the heap's
    run.samples.push_back(sample);
  }
}

RunEnd end_of(const Replay& replay) {
  RunEnd end;
  end.wall = replay.wall;
  return end;
}

}  // namespace

Run as_run(const Replay& replay, const std::string& trace_path) {
  Run run = empty_run(replay.label, trace_path);
  run.facts.allocator = replay.label;
  add_samples(run, replay);
  if (!replay.complete) return run;
  RunEnd end = end_of(replay);
  end.user = replay.cpu;
  end.system = Seconds{};
  end.peak_rss = replay.resident_peak;
  end.minor_faults = replay.minor_faults;
  end.major_faults = 0;
  run.end = end;
  return run;
}

}  // namespace neap
