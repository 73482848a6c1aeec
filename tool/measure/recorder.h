// The recorder: runs a program, or joins a running one, and samples it until it ends, the time is up or Ctrl-C comes.
// `record`, `compare` and the tests call it. One at a time in a process, from the main thread.
#pragma once
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tool/measure/child.h"
#include "tool/measure/interrupts.h"
#include "tool/model/sink.h"

namespace neap {

inline constexpr double default_budget_percent = 0.4;  // leaves room under the promised 0.5% for storing

struct RecorderOptions {
  Seconds interval{1};
  std::optional<Seconds> duration;
  double budget_percent = default_budget_percent;
  // PSS is read no more often than this, because the program's page faults wait while it is read.
  Seconds least_detail_interval{};
  std::function<void(Seconds elapsed, Bytes rss, Bytes peak)> on_tick;  // for progress
  // Does the allocator serve? Asked soon after the start, and while the answer is no (a busy machine: the program may
  // still be in its loader) again, for two seconds at most; `last` says that nothing will be asked after this.
  std::function<bool(pid_t, bool last)> on_look;
  // For record_members: who belongs to it now, and what to say of a first process that was not there before.
  std::function<std::vector<pid_t>()> members;
  std::function<std::string(pid_t)> on_start;
};

struct Launch {
  std::string file;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  ChildOptions options;
};

// Both return what the kernel and the clock say of the whole; the sink has got it too (finish).
RunEnd record_program(const Launch& launch, const RecorderOptions& options, const Interrupts& interrupts,
                      SampleSink& sink);
RunEnd record_process(pid_t pid, const RecorderOptions& options, const Interrupts& interrupts, SampleSink& sink);
// Of processes that come and go: until the time is up or somebody asks for the end.
RunEnd record_members(const RecorderOptions& options, const Interrupts& interrupts, SampleSink& sink);

}  // namespace neap
