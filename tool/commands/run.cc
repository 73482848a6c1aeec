#include <fmt/core.h>

#include <memory>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/allocators/witness.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/verbs.h"
#include "tool/measure/child.h"
#include "tool/model/text.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Replaces neap by the program: pid, terminal and exit code are the program's own.\n"
    "Says so on stderr when the allocator did not take effect (static, setuid, its own malloc built in).\n"
    "Settings: --allocator libc:arena_max=1, jemalloc:dirty_decay_ms=0, or a .so by path. See neap allocators.\n"
    "Example: neap run -a neap -- tor -f torrc";

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

}  // namespace

VerbBody define_run(CommandLine& command, const Invocation& invocation) {
  auto allocator = std::make_shared<std::string>("neap");
  command.add_option("-a,--allocator", *allocator, "Name, preset or path of a .so").named("NAME").shows_default();
  command.takes_program();
  command.footer(footer);
  return [allocator, &invocation] { return run_program(*allocator, invocation); };
}

}  // namespace neap
