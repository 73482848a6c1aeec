// Runs neap-replay under allocators and reads what it says. Called by `neap trace replay`.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tool/model/run.h"
#include "tool/model/units.h"

namespace neap {

struct ReplaySample {
  std::uint64_t event = 0;
  Seconds trace_time;
  Bytes live;
  Bytes resident;
};

// One replay under one allocator. Without `complete` only the samples are there: it was interrupted.
struct Replay {
  std::string label;
  bool complete = false;
  std::vector<ReplaySample> samples;
  double resident_per_live = 0;
  double resident_per_live_last_quarter = 0;
  double resident_per_live_end = 0;
  Bytes resident_mean, resident_peak, resident_end;
  Bytes live_mean, live_peak;
  Seconds cpu, wall;
  std::uint64_t minor_faults = 0;
};

struct ReplayJob {
  std::string label;
  std::vector<std::string> environment;
  std::vector<std::string> arguments;  // neap-replay's, its path first, the trace last
};

struct ReplayProgress {
  double share = 0;  // of the slowest, from 0 to 1
};

// Runs jobs at the same time until all are done or the person ends them. Throws Failure when one fails, with
// exit code 2 when the trace is bad.
class Replayer {
 public:
  using OnProgress = std::function<void(const ReplayProgress&)>;
  // True when the person wants to end; called at least twenty times a second.
  using Interrupted = std::function<bool()>;

  Replayer(std::uint64_t trace_events, OnProgress on_progress, Interrupted interrupted)
      : trace_events_(trace_events), on_progress_(std::move(on_progress)), interrupted_(std::move(interrupted)) {}

  std::vector<Replay> run(const std::vector<ReplayJob>& jobs) const;

 private:
  std::uint64_t trace_events_;
  OnProgress on_progress_;
  Interrupted interrupted_;
};

// The replay as a recording, for reports: resident bytes stand as RSS, all of it heap, and the trace's live bytes are
// the floor; time is the trace's.
Run as_run(const Replay& replay, const std::string& trace_path);

}  // namespace neap
