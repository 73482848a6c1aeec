// Run: one recorded execution of a program under one allocator, and what is told about it.
// Recording = Run's facts + its processes + its samples; tool/store keeps it, tool/analysis turns it into a Summary.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/model/sample.h"
#include "tool/model/units.h"

namespace neap {

struct RunFacts {
  std::string label;      // the name of its line in charts; the allocator's label unless --label says otherwise
  std::string allocator;  // empty when the program was started by somebody else and its allocator could not be told
  std::string library;
  std::vector<std::string> command;
  std::string host;
  std::string kernel;
  std::string started_at;     // ISO 8601, UTC
  bool joined = false;        // the process ran before the recording began: what it used before does not count
  Seconds interval;           // between looks, as wanted; 0: at events, such as those of a trace
  double budget_percent = 0;  // of one core
};

// How the run ended and what the kernel says of the whole of it: exact where samples are not.
struct RunEnd {
  std::optional<int> exit_code;  // as a shell would say it: 128+N for signal N
  Seconds wall;
  std::optional<Seconds> user;  // of the program and its waited-for children
  std::optional<Seconds> system;
  std::optional<Bytes> peak_rss;  // of the largest process
  std::optional<std::uint64_t> minor_faults;
  std::optional<std::uint64_t> major_faults;
  double own_cpu_percent = 0;  // what recording cost, of one core
  Seconds sample_interval;     // how often it was looked, on average: longer than wanted where there was no budget
  Seconds detail_interval;     // how often PSS and its neighbours were read, on average
  std::uint64_t most_processes = 0;      // at one look
  std::optional<Seconds> asked_to_stop;  // Ctrl-C or --duration: what comes behind is the program's leaving
  bool interrupted = false;              // Ctrl-C, another signal or --duration ended it
  bool timed_out = false;                // it was --duration
};

struct Run {
  RunFacts facts;
  std::vector<Process> processes;
  std::vector<Sample> samples;  // ordered by time
  std::optional<RunEnd> end;    // empty: the recorder was killed or is still at work
  std::vector<Mark> marks = {};
};

// Whether looks came much more rarely than was wanted: too many processes for the budget.
inline bool is_stretched(const RunEnd& end, Seconds wanted, std::size_t samples) {
  constexpr double much = 1.5;
  return wanted.count > 0 && samples > 1 && end.sample_interval.count > much * wanted.count;
}

inline bool is_stretched(const Run& run) {
  return run.end && is_stretched(*run.end, run.facts.interval, run.samples.size());
}

// Too short for shares of a core to mean anything.
inline bool is_short(const Run& run) { return run.end && run.end->wall.count < 1; }

}  // namespace neap
