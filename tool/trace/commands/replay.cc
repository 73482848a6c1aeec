#include "tool/trace/replay.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/analysis/summary.h"
#include "tool/measure/clock.h"
#include "tool/measure/interrupts.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/render/progress.h"
#include "tool/render/text_table.h"
#include "tool/store/recording_folder.h"
#include "tool/store/run_facts.h"
#include "tool/trace/commands/trace_verbs.h"
#include "tool/trace/replay_table.h"
#include "tool/trace/trace_source.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Real threads in the recorded order; every page of every object is written once; memory is the process's\n"
    "anonymous and swapped bytes less what it had before the first event, against the sum of requested sizes.\n"
    "Without --pace as fast as possible: decay by time then hardly happens. A day's trace: --pace 60.";

struct ReplayOptions {
  std::string trace;
  std::vector<std::string> allocators;
  double pace = 0;
  bool side_by_side = false;
  unsigned runs = 1;
  unsigned samples = 400;
  std::uint64_t drop_from = 0;
  std::string recordings;
  bool force = false;
};

constexpr std::array default_allocators = {"libc", "jemalloc", "mimalloc", "tcmalloc", "neap"};

// The default list is cut to what this machine has. An allocator that was asked for by name must be there.
std::vector<Allocator> chosen_allocators(const std::vector<std::string>& written) {
  if (!written.empty()) return resolve_allocators(split_list(written));
  std::vector<Allocator> chosen;
  for (const char* name : default_allocators) {
    try {
      chosen.push_back(resolve_allocator(name));
    } catch (const Failure& failure) {
      tell(fmt::format("left out: {}", failure.what()));
    }
  }
  return chosen;
}

std::vector<ReplayJob> jobs_for(const ReplayOptions& options, const std::vector<Allocator>& allocators) {
  const std::string program = find_own_file("neap-replay");
  if (program.empty()) throw Failure("neap-replay is missing beside neap; install or build neap anew");
  std::vector<std::string> arguments = {program, "--samples", std::to_string(options.samples)};
  if (options.pace > 0) arguments.insert(arguments.end(), {"--pace", fmt::format("{}", options.pace)});
  if (options.drop_from > 0) arguments.insert(arguments.end(), {"--drop-from", std::to_string(options.drop_from)});
  arguments.push_back(options.trace);
  const Preflight preflight = look_before_start(program);
  std::vector<ReplayJob> jobs;
  for (const Allocator& allocator : allocators)
    jobs.push_back({allocator.label, environment_to_measure(fitted_to(allocator, preflight)), arguments});
  return jobs;
}

// The rounds: all allocators at once, or one after the other, each round in full before the next.
std::vector<std::vector<ReplayJob>> rounds_of(const std::vector<ReplayJob>& jobs, const ReplayOptions& options) {
  std::vector<std::vector<ReplayJob>> rounds;
  for (unsigned run = 0; run < options.runs; ++run) {
    if (options.side_by_side) {
      rounds.push_back(jobs);
      continue;
    }
    for (const ReplayJob& job : jobs) rounds.push_back({job});
  }
  return rounds;
}

std::vector<Replay> run_all(const ReplayOptions& options, const std::vector<Allocator>& allocators,
                            const Invocation& invocation) {
  const TraceSource source(options.trace);
  if (!source.missing().empty()) tell(source.missing());
  const trace::Summary summary = source.summary();
  const auto rounds = rounds_of(jobs_for(options, allocators), options);
  const Interrupts interrupts;
  Progress progress(!invocation.quiet);
  bool stopped = false;
  std::size_t round = 0;
  const auto show = [&](const ReplayProgress& now) {
    const std::string who = options.side_by_side ? std::string("all allocators") : rounds[round].front().label;
    const double share = (static_cast<double>(round) + now.share) / static_cast<double>(rounds.size());
    progress.show(fmt::format("replaying under {}, {} of {}", who, round + 1, rounds.size()), share);
  };
  const auto interrupted = [&] {
    const int signal = interrupts.wait_until(monotonic_now()).signal;
    stopped = stopped || (signal != 0 && signal != SIGCHLD);
    return stopped;
  };
  const Replayer replayer(summary.events, show, interrupted);
  std::vector<Replay> replays;
  for (; round < rounds.size() && !stopped; ++round)
    for (Replay& replay : replayer.run(rounds[round])) replays.push_back(std::move(replay));
  return replays;
}

// "libc", "libc-2": the runs of one allocator bear its label, each in a file of its own.
std::string recording_name(const std::string& label, std::size_t run) {
  return run == 0 ? label : fmt::format("{}-{}", label, run + 1);
}

void write_recordings(RecordingFolder& folder, const std::vector<Replay>& replays, const std::string& trace) {
  std::map<std::string, std::size_t> runs;
  const RunFacts host = facts_of_this_host({}, {}, 0);
  for (const Replay& replay : replays) {
    Run run = as_run(replay, trace);
    run.facts.host = host.host;
    run.facts.kernel = host.kernel;
    run.facts.started_at = host.started_at;
    folder.write(recording_name(replay.label, runs[replay.label]++), run);
  }
}

RecordingFolder folder_for(const ReplayOptions& options, const std::vector<Allocator>& allocators) {
  std::vector<std::string> names;
  for (const Allocator& allocator : allocators)
    for (unsigned run = 0; run < options.runs; ++run) names.push_back(recording_name(allocator.label, run));
  return {options.recordings, names, options.force};
}

// The table's figures are those of the recordings, over the time of the trace: one number wherever it is shown.
void settle(std::vector<Replay>& replays, const std::string& trace) {
  for (Replay& replay : replays) {
    if (!replay.complete) continue;
    const Summary summary = summarize(as_run(replay, trace));
    replay.resident_mean = summary.mean_rss.value_or(replay.resident_mean);
    replay.resident_end = summary.end_rss.value_or(replay.resident_end);
    replay.resident_peak = summary.peak_rss.value_or(replay.resident_peak);
    replay.live_mean = summary.mean_live.value_or(replay.live_mean);
  }
}

int replay_trace(ReplayOptions options, const Invocation& invocation) {
  if (options.side_by_side && options.pace == 0) options.pace = 1;
  tell_left_out();
  const std::vector<Allocator> allocators = chosen_allocators(options.allocators);
  RecordingFolder folder = folder_for(options, allocators);
  auto replays = run_all(options, allocators, invocation);
  settle(replays, options.trace);
  fmt::print("{}", invocation.json ? replay_json(replays, options.trace, options.pace)
                                   : replay_table(replays, wants_colour(STDOUT_FILENO)));
  std::fflush(stdout);
  write_recordings(folder, replays, options.trace);
  const bool complete = std::all_of(replays.begin(), replays.end(), [](const Replay& each) { return each.complete; });
  if (!complete) return exit_signal_base + SIGINT;
  return folder.complete() ? exit_success : exit_own_failure;
}

}  // namespace

VerbBody define_trace_replay(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<ReplayOptions>();
  command.add_option("TRACE", options->trace, "A trace of neap trace record, or a .trc.zst one").required();
  command
      .add_option("-a,--allocators", options->allocators,
                  "Names, presets or paths, with commas (default: libc,jemalloc,mimalloc,tcmalloc,neap)")
      .named("A,B,C");
  const OptionLine pace = command
                              .add_option("--pace", options->pace,
                                          "How fast, in times the recorded pace: 1 as recorded, 60 an hour a minute")
                              .named("TIMES")
                              .within(0.001, 1e6);
  command
      .add_action(
          "--unpaced", [options] { options->pace = 0; }, "As fast as possible (the default)")
      .excludes(pace);
  command.add_flag("--side-by-side", options->side_by_side,
                   "All allocators at the same time, at --pace 1 if not given");
  command.add_option("-n,--runs", options->runs, "Runs of each allocator, interleaved; the table shows medians")
      .within(1, 1000)
      .shows_default();
  command.add_option("--drop-from", options->drop_from, "Leave out objects of this size and more, such as 1MiB")
      .takes_units();
  command.add_option("--samples", options->samples, "Memory samples, evenly spaced by event")
      .within(1, 100000)
      .shows_default();
  command.add_option("--recordings", options->recordings, "Write a recording of each run there, for neap report")
      .named("FOLDER");
  command.add_flag("--force", options->force, "Replace recordings that stand there");
  command.footer(footer);
  return [options, &invocation] { return replay_trace(*options, invocation); };
}

}  // namespace neap
