#include "tool/commands/find_misuse.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/measure/child.h"
#include "tool/measure/clock.h"
#include "tool/measure/interrupts.h"
#include "tool/misuse/misuse_report.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

constexpr Seconds between_looks{0.5};

// Where reports go: a file, or stderr for people and stdout for JSON.
class Reports {
 public:
  Reports(MisuseFile& log, const FindMisuseOptions& options, bool json)
      : log_(log), names_(log), json_(json), path_(options.output) {
    if (path_.empty()) return;
    file_.open(path_);
    if (!file_) throw UsageFailure(fmt::format("cannot write '{}'", path_));
  }

  // Tells what was found since the last look. JSON is told at the end, as it is whole or nothing.
  void look() {
    for (MisuseReport& report : log_.fresh()) {
      if (!json_) tell_report(report);
      all_.push_back(std::move(report));
    }
  }
  void end() {
    look();
    if (json_) return write(misuse_json(all_, log_, names_), stdout);
    if (leaks_of_ != 0) write(leaks_summary(all_), stderr);
    if (log_.lost() > 0) tell(fmt::format("{} more reports were cut short, or found no room", log_.lost()));
    if (log_.unsearched() > 0)
      tell(fmt::format(
          "processes in which leaks were not looked for: {} (a sandbox, no /proc, or no file or address space left)",
          log_.unsearched()));
  }
  bool found_any() const { return !all_.empty(); }
  const std::string& failure() const { return failure_; }  // why the file could not be written; empty where it could

 private:
  void tell_report(const MisuseReport& report) {
    if (report.kind == misuse::Kind::leak && report.get().pid != leaks_of_) {
      leaks_of_ = report.get().pid;
      write(leaks_head(report), stderr);
    }
    write(misuse_text(report, names_), stderr);
  }
  void write(const std::string& text, std::FILE* otherwise) {
    if (path_.empty()) {
      std::fputs(text.c_str(), otherwise);
    } else {
      file_ << text << std::flush;
      if (!file_) give_up_file(text, otherwise);
    }
  }
  // The file cannot be written any more. The program goes on, and its reports go elsewhere.
  void give_up_file(const std::string& text, std::FILE* otherwise) {
    failure_ = fmt::format("cannot write '{}'; its reports went to the terminal", std::exchange(path_, ""));
    write(text, otherwise);
  }

  MisuseFile& log_;
  FrameNames names_;
  bool json_;
  std::string path_, failure_;
  std::ofstream file_;
  std::vector<MisuseReport> all_;
  std::int32_t leaks_of_ = 0;
};

// True when the program left others running as it ended, like a daemon. They are neap's children then.
bool has_children() {
  for (;;) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended == 0) return true;
    if (ended < 0) return false;
  }
}

// Waits until the program has ended, and all that it started. After the program's own end a signal ends the wait.
int attend(pid_t child, const Interrupts& interrupts, Reports& reports, bool quiet) {
  std::optional<int> code;
  for (bool told = false;;) {
    if (!code)
      if (const auto end = wait_child(child, false)) code = end->exit_code;
    reports.look();
    if (code && !has_children()) return *code;
    if (code && !told && !quiet) {
      tell("the program ended; what it started goes on and is looked at (Ctrl-C leaves it alone)");
      told = true;
    }
    const auto event = interrupts.wait_until(monotonic_now() + between_looks);
    if (event.signal == 0 || event.signal == SIGCHLD) continue;
    if (code) return *code;
    if (!event.from_terminal) ::kill(child, event.signal);
  }
}

}  // namespace

void add_checker_options(CommandLine& command, FindMisuseOptions& options) {
  command.add_flag("--find-misuse", options.wanted,
                   "Find overflows, use after free, double frees, mismatched delete and leaks; 2 to 4 times slower");
  command.add_flag("--no-leaks", options.no_leaks, "With --find-misuse: do not look for leaks at exit");
  command.add_flag("--no-mismatches", options.no_mismatches,
                   "With --find-misuse: let free end what new made, and delete what malloc or new[] made");
}

int find_misuse(const std::string& allocator, const FindMisuseOptions& options, const Invocation& invocation) {
  const auto& program = require_program(invocation, "run");
  const std::string file = find_program(program.front());
  const Preflight preflight = look_before_start(program.front());
  if (!preflight.obstacle.empty())
    throw Failure(fmt::format("{} cannot be looked into: {}", program.front(), preflight.obstacle));
  MisuseFile log;
  Reports reports(log, options, invocation.json);
  const auto environment = environment_under(resolve_checked(allocator, options.checker(), log.path()));
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const Interrupts interrupts;
  const int code = attend(start_child(file, program, environment), interrupts, reports, invocation.quiet);
  reports.end();
  if (!reports.failure().empty()) throw Failure(reports.failure());
  if (log.processes() == 0)
    throw Failure(fmt::format("{} was not looked into: it started without the checker", program.front()));
  return reports.found_any() ? options.exit_code : code;
}

}  // namespace neap
