#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "tool/allocators/detect.h"
#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/allocators/verify.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/record_end.h"
#include "tool/commands/verbs.h"
#include "tool/measure/recorder.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/observe/unit_processes.h"
#include "tool/render/progress.h"
#include "tool/render/quantity.h"
#include "tool/store/lasting_sink.h"
#include "tool/store/recording.h"
#include "tool/store/run_facts.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Samples the program and its descendants until it ends; Ctrl-C ends the program and keeps the recording.\n"
    "With --pid nothing is started or stopped. PSS and its neighbours are read as often as --budget allows.\n"
    "The file is SQLite and survives a kill -9 up to the last second: about 5 MB a day for each process.\n"
    "Examples:\n"
    "  neap record -a neap -d 1h -- tor -f torrc\n"
    "  neap record --unit tor@default -d 7d --background\n"
    "  neap record --pid \"$(pidof -s tor)\" -d 24h -o monday.neaprec\n"
    "  neap report monday.neaprec tuesday.neaprec -o days.html";

struct RecordOptions {
  int pid = 0;
  std::string unit;
  bool background = false;
  std::string allocator;
  std::string output;
  std::string label;
  double interval = 1;
  double duration = 0;
  double budget = default_budget_percent;
  bool force = false;
};

std::string free_name(const std::string& stem) {
  std::string name = stem + ".neaprec";
  for (int number = 2; std::filesystem::exists(name); ++number) name = fmt::format("{}-{}.neaprec", stem, number);
  return name;
}

RecorderOptions recorder_options(const RecordOptions& options, Progress& progress) {
  RecorderOptions recorder;
  recorder.interval = {options.interval};
  if (options.duration > 0) recorder.duration = Seconds{options.duration};
  recorder.budget_percent = options.budget;
  recorder.on_tick = [&progress, &options](Seconds elapsed, Bytes rss, Bytes peak) {
    const double share = options.duration > 0 ? std::min(1.0, elapsed.count / options.duration) : -1;
    progress.show(
        fmt::format("recording for {}: RSS {}, peak {}", show_duration(elapsed), show_bytes(rss), show_bytes(peak)),
        share);
  };
  return recorder;
}

// Whether the allocator serves the program: looks until it is settled, tells what is wrong once.
class Doubt {
 public:
  Doubt(const Allocator& allocator, const std::string& program, bool told)
      : allocator_(allocator), program_(program), told_(told) {}

  bool settled(pid_t pid, bool last) {
    const Verification verification = verify_allocator(pid, allocator_);
    if (verification.verdict != Verdict::ended) line_ = explain(verification, allocator_, program_);
    if (!last && verification.verdict == Verdict::not_yet) return false;
    say();
    return true;
  }

  void say() {
    if (!line_.empty() && !told_) tell(line_);
    line_.clear();
  }

 private:
  const Allocator& allocator_;
  const std::string& program_;
  bool told_;  // the ELF file gave it away before the start
  std::string line_;
};

int record_new(RecordOptions options, const Invocation& invocation) {
  const auto& program = require_program(invocation, "record");
  const Preflight preflight = look_before_start(program.front());
  Allocator allocator;
  if (!options.allocator.empty()) allocator = fitted_to(resolve_allocator(options.allocator), preflight);
  if (!preflight.obstacle.empty() && !allocator.library.empty())
    tell(fmt::format("{} cannot take effect in {}: {}", allocator.label, program.front(), preflight.obstacle));
  const std::string stem = std::filesystem::path(program.front()).filename().string();
  if (options.output.empty()) options.output = free_name(allocator.label.empty() ? stem : stem + "." + allocator.label);

  RunFacts facts = facts_of_this_host(program, {options.interval}, options.budget);
  facts.allocator = allocator.label;
  facts.library = allocator.library;
  facts.label = !options.label.empty() ? options.label : !allocator.label.empty() ? allocator.label : stem;
  const Interrupts interrupts;  // before the file, or an early signal would leave half of it
  RecordingWriter writer(options.output, facts, options.force);
  LastingSink sink(writer);
  Progress progress(!invocation.quiet && ::isatty(STDOUT_FILENO) == 0);  // the program may be writing to the terminal
  RecorderOptions recorder = recorder_options(options, progress);
  Doubt doubt(allocator, program.front(), !preflight.obstacle.empty());
  recorder.on_look = [&](pid_t pid, bool last) {
    if (!allocator.label.empty()) return doubt.settled(pid, last);
    if (const auto detected = detect_allocator(pid))
      sink.attempt([&] { writer.set_fact("allocator", detected->label); });
    return true;
  };
  const bool named = !options.allocator.empty();  // otherwise the environment decides
  if (named) tell_left_out();
  if (named && !allocator.library.empty() && preflight.obstacle.empty()) tell_own_heap(preflight.file);
  const auto environment = named ? environment_to_measure(allocator) : environment_under(allocator);
  const RunEnd end =
      record_program({find_program(program.front()), program, environment, {}}, recorder, interrupts, sink);
  progress.clear();
  doubt.say();  // of a program that ended while there still was one
  tell_left_behind(program.front());
  tell_end(end, sink.samples(), {{options.interval}, options.output, invocation.quiet});
  return end.timed_out ? 0 : end.exit_code.value_or(0);
}

// A recording that bears the name of an allocator is of a process that it serves.
void require_allocator(pid_t pid, const Allocator& allocator) {
  const Verification verification = verify_soon(pid, allocator);
  const std::string line = explain(verification, allocator, fmt::format("process {}", pid));
  if (verification.verdict == Verdict::ended) throw Failure(fmt::format("process {} has ended", pid));
  if (verification.verdict == Verdict::cannot_tell) return tell(line);
  if (!line.empty()) throw Failure(line);
}

int record_running(RecordOptions options, const Invocation& invocation) {
  if (!invocation.program.empty()) throw UsageFailure("give either --pid or a program, not both");
  const auto detected = detect_allocator(options.pid);
  RunFacts facts = facts_of_this_host(command_of(options.pid), {options.interval}, options.budget);
  if (!options.allocator.empty()) {
    const Preflight preflight = look_before_start(fmt::format("/proc/{}/exe", options.pid));
    const Allocator allocator = fitted_to(resolve_allocator(options.allocator), preflight);
    if (options.label.empty()) options.label = allocator.label;
    require_allocator(options.pid, allocator);
  }
  facts.joined = true;
  if (detected) facts.allocator = detected->label;
  facts.library = detected ? detected->library : "";
  facts.label = !options.label.empty() ? options.label
                : detected             ? detected->label
                                       : fmt::format("pid {}", options.pid);
  if (options.output.empty()) options.output = free_name(fmt::format("pid-{}", options.pid));
  check_target(options.output, {FileKind::recording, {}, options.force});
  if (options.background) go_aside(options.output, invocation.quiet);
  const Interrupts interrupts;  // before the file, or an early signal would leave half of it
  RecordingWriter writer(options.output, facts, options.force);
  LastingSink sink(writer);
  Progress progress(!invocation.quiet && !options.background);
  const RunEnd end = record_process(options.pid, recorder_options(options, progress), interrupts, sink);
  progress.clear();
  tell_end(end, sink.samples(), {{options.interval}, options.output, invocation.quiet});
  return sink.lost() ? exit_own_failure : exit_success;
}

// A unit's processes over restarts and switches, each of which leaves a mark.
int record_unit(RecordOptions options, const Invocation& invocation) {
  if (options.pid != 0 || !invocation.program.empty()) throw UsageFailure("give one of --unit, --pid and a program");
  if (!options.allocator.empty())
    throw UsageFailure("--allocator has no effect on a running unit; to switch it: neap enable UNIT --allocator NAME");
  const std::string name = service_name(options.unit);
  const pid_t first = UnitProcesses(*connect_to_systemd(), name).now().front();
  const auto detected = detect_allocator(first);
  RunFacts facts = facts_of_this_host(command_of(first), {options.interval}, options.budget);
  facts.joined = true;
  if (detected) facts.allocator = detected->label;
  facts.label = !options.label.empty() ? options.label : options.unit;
  if (options.output.empty()) options.output = free_name(options.unit);
  check_target(options.output, {FileKind::recording, {}, options.force});
  if (options.background) go_aside(options.output, invocation.quiet);
  const std::unique_ptr<Manager> systemd = connect_to_systemd();  // a connection does not outlive a fork
  UnitProcesses unit(*systemd, name);
  const Interrupts interrupts;  // before the file, or an early signal would leave half of it
  RecordingWriter writer(options.output, facts, options.force);
  LastingSink sink(writer);
  Progress progress(!invocation.quiet && !options.background);
  RecorderOptions recorder = recorder_options(options, progress);
  recorder.members = [&] { return unit.now(); };
  recorder.on_start = [](pid_t pid) {
    const auto runs_on = detect_allocator(pid);
    return runs_on ? "restarted on " + runs_on->label : std::string("restarted");
  };
  const RunEnd end = record_members(recorder, interrupts, sink);
  progress.clear();
  tell_end(end, sink.samples(), {{options.interval}, options.output, invocation.quiet});
  return sink.lost() ? exit_own_failure : exit_success;
}

}  // namespace

VerbBody define_record(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<RecordOptions>();
  command.takes_program();
  command.add_option("--pid", options->pid, "Record a running process instead: its number").named("PID").above_zero();
  command.add_option("--unit", options->unit, "Record a service over its restarts and switches").named("UNIT");
  command.add_flag("--background", options->background, "Go on without the terminal, with --unit or --pid");
  command
      .add_option(
          "-a,--allocator", options->allocator,
          "Run the program under this allocator; without it the environment decides. With --pid: end with an error "
          "unless it runs on it")
      .named("NAME");
  command.add_option("-o,--output", options->output, "The recording (default: PROGRAM.ALLOCATOR.neaprec)")
      .named("FILE");
  command.add_option("-l,--label", options->label, "Its name in reports (default: the allocator)").named("NAME");
  command.add_option("-i,--interval", options->interval, "Seconds between samples")
      .takes_duration()
      .within(0.001, 3600.0)
      .shows_default();
  command.add_option("-d,--duration", options->duration, "Stop after that long, such as 24h")
      .takes_duration()
      .above_zero();
  command.add_option("--budget", options->budget, "Percent of one core that sampling may use")
      .named("PERCENT")
      .within(0.01, 100.0)
      .shows_default();
  command.add_flag("--force", options->force, "Replace an existing recording");
  command.footer(footer);
  return [options, &invocation] {
    if (!options->unit.empty()) return record_unit(*options, invocation);
    if (options->background && options->pid == 0)
      throw UsageFailure("--background records what runs already: a --unit or a --pid");
    return options->pid != 0 ? record_running(*options, invocation) : record_new(*options, invocation);
  };
}

}  // namespace neap
