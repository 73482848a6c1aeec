#include <fmt/core.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/allocators/verify.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/run_input.h"
#include "tool/commands/verbs.h"
#include "tool/measure/recorder.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/render/progress.h"
#include "tool/render/quantity.h"
#include "tool/report/report_output.h"
#include "tool/store/recording_folder.h"
#include "tool/store/run_facts.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Runs the program under each allocator in turn, round after round, so that what changes on the machine meets\n"
    "all of them alike. Its output goes to /dev/null unless --show-output. Ctrl-C ends it and reports the runs\n"
    "that are complete.\n"
    "Example: neap compare -a libc,mimalloc,neap -n 5 -o report.html -- gzip -9 -c archive.tar";

constexpr double compare_budget_percent = 1;  // a run is short; a recording by `neap record` lasts for days
constexpr Seconds least_detail_interval{0.25};

struct CompareOptions {
  std::vector<std::string> allocators{"libc,jemalloc,mimalloc,neap"};
  int runs = 3;
  int warmup = 0;
  double interval = 0.02;
  double budget = compare_budget_percent;
  bool show_output = false;
  bool ignore_failure = false;
  std::string input = no_input;
  std::string prepare;
  std::string keep;
  bool force = false;
  ReportOutput output;
};

// Everything that stays the same from run to run, and what has been measured so far.
class Comparing {
 public:
  Comparing(const CompareOptions& options, const Invocation& invocation)
      : options_(options),
        program_(require_program(invocation, "compare")),
        progress_(!invocation.quiet),
        file_(find_program(program_.front())) {
    const Preflight preflight = look_before_start(program_.front());
    if (!preflight.obstacle.empty())
      throw Failure(fmt::format("no allocator can take effect in {}: {}", program_.front(), preflight.obstacle));
    tell_own_heap(preflight.file);
    for (const Allocator& allocator : resolve_allocators(options.allocators))
      allocators_.push_back(fitted_to(allocator, preflight));
    if (allocators_.empty()) throw UsageFailure("no allocator named; write for instance --allocators libc,neap");
    check_outputs(options.output, labels());
    kept_ = std::make_unique<RecordingFolder>(options.keep, names_to_keep(), options.force);
  }

  void run_all() {
    const int rounds = options_.warmup + options_.runs;
    const std::size_t count = allocators_.size();
    total_ = static_cast<std::size_t>(rounds) * count;
    for (int round = 0; round < rounds && !interrupted_; ++round)
      for (std::size_t turn = 0; turn < count && !interrupted_; ++turn)
        run_once(allocators_[(turn + static_cast<std::size_t>(round)) % count], round - options_.warmup);
    progress_.clear();
  }

  bool interrupted() const { return interrupted_; }
  bool kept_all() const { return kept_->complete(); }
  const std::vector<Run>& runs() const { return runs_; }

  // The runs in the order in which the user named their allocators, which is not the order in which they were made.
  std::vector<Run> runs_in_order() const {
    std::vector<Run> ordered;
    for (const Allocator& allocator : allocators_)
      for (const Run& run : runs_)
        if (run.facts.label == allocator.label) ordered.push_back(run);
    return ordered;
  }

  std::vector<std::pair<std::string, std::string>> remarks() const { return {remarks_.begin(), remarks_.end()}; }

 private:
  // Rounds below zero are for warming up: their runs are like the others, and are forgotten.
  void run_once(const Allocator& allocator, int round) {
    Run run;
    run.facts = facts_of_this_host(program_, {options_.interval}, options_.budget);
    run.facts.label = run.facts.allocator = allocator.label;
    run.facts.library = allocator.library;
    RunSink sink(run);
    ChildOptions child;
    if (!options_.show_output) child.output_file = "/dev/null";
    child.input_file = options_.input;
    prepare();
    doubt_.clear();
    const RunEnd end = record_program({file_, program_, environment_to_measure(allocator), child},
                                      recorder_options(allocator, round), interrupts_, sink);
    if (!doubt_.empty()) remarks_[allocator.label] = doubt_;
    ++done_;
    if (end.interrupted) {
      interrupted_ = true;
      return;
    }
    if (end.exit_code.value_or(0) != 0 && !options_.ignore_failure) {
      progress_.clear();
      throw Failure(
          fmt::format("{} ended with exit code {} under {}; see why with --show-output, or go on with --ignore-failure",
                      program_.front(), *end.exit_code, allocator.label),
          *end.exit_code);
    }
    if (round < 0) return;
    kept_->write(kept_name(allocator, round), run);
    runs_.push_back(std::move(run));
  }

  // What has to be done before each run, such as emptying a cache. Its time is not measured.
  void prepare() const {
    if (options_.prepare.empty()) return;
    ChildOptions child;
    child.input_file = "/dev/null";
    child.output_file = "/dev/stderr";
    const auto end = wait_child(start_child("/bin/sh", {"sh", "-c", options_.prepare}, own_environment(), child));
    if (end->exit_code != 0)
      throw Failure(fmt::format("--prepare '{}' ended with exit code {}", options_.prepare, end->exit_code));
  }

  static std::string kept_name(const Allocator& allocator, int round) {
    return fmt::format("{}-{}", allocator.label, round + 1);
  }

  std::vector<std::string> labels() const {
    std::vector<std::string> all;
    for (const Allocator& allocator : allocators_) all.push_back(allocator.label);
    return all;
  }

  std::vector<std::string> names_to_keep() const {
    std::vector<std::string> names;
    for (const Allocator& allocator : allocators_)
      for (int round = 0; round < options_.runs; ++round) names.push_back(kept_name(allocator, round));
    return names;
  }

  RecorderOptions recorder_options(const Allocator& allocator, int round) {
    RecorderOptions recorder;
    recorder.interval = {options_.interval};
    recorder.budget_percent = options_.budget;
    recorder.least_detail_interval = least_detail_interval;
    recorder.on_tick = [this, &allocator, round](Seconds elapsed, Bytes rss, Bytes) {
      const std::string which = round < 0 ? "warm-up" : fmt::format("run {} of {}", round + 1, options_.runs);
      progress_.show(fmt::format("{}, {}: {}, RSS {}", allocator.label, which, show_duration(elapsed), show_bytes(rss)),
                     static_cast<double>(done_) / static_cast<double>(total_));
    };
    recorder.on_look = [this, &allocator](pid_t pid, bool) {
      const Verification verification = verify_allocator(pid, allocator);
      if (verification.verdict != Verdict::ended) doubt_ = explain(verification, allocator, program_.front());
      return verification.verdict != Verdict::not_yet;
    };
    return recorder;
  }

  const CompareOptions& options_;
  const std::vector<std::string>& program_;
  Progress progress_;
  std::string file_;
  std::vector<Allocator> allocators_;
  Interrupts interrupts_;
  std::vector<Run> runs_;
  std::map<std::string, std::string> remarks_;
  std::string doubt_;  // whether the allocator serves the present run; empty: none
  std::size_t done_ = 0;
  std::size_t total_ = 1;
  bool interrupted_ = false;
  std::unique_ptr<RecordingFolder> kept_;
};

int compare(const CompareOptions& options, const Invocation& invocation) {
  check_input(options.input, invocation);
  tell_left_out();
  Comparing comparing(options, invocation);
  comparing.run_all();
  if (comparing.runs().empty())
    throw Failure("interrupted before a run was complete: nothing to report", exit_signal_base + SIGINT);
  const int code = write_report(comparing.runs_in_order(), comparing.remarks(), options.output, invocation.json);
  if (comparing.interrupted()) return exit_signal_base + SIGINT;
  return comparing.kept_all() ? code : exit_own_failure;
}

}  // namespace

VerbBody define_compare(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<CompareOptions>();
  command.takes_program();
  command.add_option("-a,--allocators", options->allocators, "Names, presets or paths, separated by commas")
      .named("A,B,C")
      .shows_default();
  command.add_option("-n,--runs", options->runs, "Runs under each allocator").within(1, 1000).shows_default();
  command.add_option("-w,--warmup", options->warmup, "Runs before these, not counted").within(0, 1000).shows_default();
  command.add_option("-i,--interval", options->interval, "Seconds between samples")
      .takes_duration()
      .within(0.001, 60.0)
      .shows_default();
  command.add_option("--budget", options->budget, "Percent of one core that sampling may use")
      .named("PERCENT")
      .within(0.01, 100.0)
      .shows_default();
  command.add_option("--input", options->input, "What the program reads on standard input: opened anew for each run")
      .named("FILE")
      .shows_default();
  command.add_option("--prepare", options->prepare, "Run this by sh before each run; not measured").named("COMMAND");
  command.add_flag("--show-output", options->show_output, "Let the program write to stdout");
  command.add_flag("--ignore-failure", options->ignore_failure, "Go on when the program ends with another code than 0");
  command.add_option("--keep", options->keep, "Folder to keep the recordings in").named("FOLDER");
  command.add_flag("--force", options->force, "Replace recordings that stand in the --keep folder");
  add_report_options(command, options->output);
  add_condition_option(command, options->output);
  command.footer(footer);
  return [options, &invocation] { return compare(*options, invocation); };
}

}  // namespace neap
