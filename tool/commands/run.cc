#include <fmt/core.h>

#include <memory>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/allocators/witness.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/find_misuse.h"
#include "tool/commands/verbs.h"
#include "tool/measure/child.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Replaces neap by the program: pid, terminal and exit code are the program's own.\n"
    "Says so on stderr when the allocator did not take effect (static, setuid, its own malloc built in).\n"
    "Settings: --allocator libc:arena_max=1, jemalloc:dirty_decay_ms=0, or a .so by path. See neap allocators.\n"
    "With --find-misuse neap stays beside the program and all that it starts, tells what they did wrong with the\n"
    "heap, and ends with --exit-code if it was anything; with --json the report is JSON, on stdout or in the file\n"
    "of -o.\n"
    "Example: neap run -a neap -- tor -f torrc\n"
    "         neap run --find-misuse -- ./server --foreground";

struct RunOptions {
  std::string allocator = "neap";
  FindMisuseOptions misuse;
};

int run_program(const std::string& written, const Invocation& invocation) {
  const auto& program = require_program(invocation, "run");
  const Preflight preflight = look_before_start(program.front());
  const Allocator allocator = fitted_to(resolve_allocator(written), preflight);
  if (!preflight.obstacle.empty() && !allocator.library.empty())
    tell(fmt::format("{} cannot take effect in {}: {}", allocator.label, program.front(), preflight.obstacle));
  else if (!invocation.quiet) {
    if (!allocator.library.empty()) tell_own_heap(preflight.file);
    witness_from_aside(allocator, program.front());
  }
  exec_program(find_program(program.front()), program, environment_under(allocator));
}

int run(const RunOptions& options, const Invocation& invocation) {
  const FindMisuseOptions& misuse = options.misuse;
  if (misuse.wanted) return find_misuse(options.allocator, misuse, invocation);
  if (misuse.no_leaks || misuse.no_mismatches || !misuse.output.empty())
    throw UsageFailure("--no-leaks, --no-mismatches and -o belong to --find-misuse: neap run --find-misuse -- PROGRAM");
  return run_program(options.allocator, invocation);
}

}  // namespace

VerbBody define_run(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  command.add_option("-a,--allocator", options->allocator, "Name, preset or path of a .so")
      .named("NAME")
      .shows_default();
  add_checker_options(command, options->misuse);
  command
      .add_option("--exit-code", options->misuse.exit_code,
                  "With --find-misuse: the exit code when anything was found; the program's own otherwise")
      .shows_default()
      .within(0, 255);
  command.add_option("-o,--output", options->misuse.output, "With --find-misuse: the report goes into this file")
      .named("FILE");
  command.takes_program();
  command.footer(footer);
  return [options, &invocation] { return run(*options, invocation); };
}

}  // namespace neap
