#include <fmt/core.h>
#include <signal.h>

#include <cmath>
#include <map>
#include <memory>

#include "format/samples.h"
#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/commands/profile_output.h"
#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/measure/child.h"
#include "tool/measure/clock.h"
#include "tool/measure/interrupts.h"
#include "tool/model/failure.h"
#include "tool/profile/sample_file.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr const char* profile_help =
    "Where live memory comes from, by sampling about every 512 KiB (4 KiB are added to each size, so that small\n"
    "objects are seen too), under any allocator. Start the program itself, not a shell that starts it.\n"
    "Examples:\n"
    "  neap profile -o live.html -- redis-server       what is live at its end; Ctrl-C ends it\n"
    "  neap profile --pid 1234                          of a program that was started so, as it runs\n"
    "  neap profile --diff monday.folded friday.folded  what grew";

struct ProfileOptions {
  std::string allocator = "libc", target;
  std::vector<std::string> diff;
  bool made = false;
  ProfileOutput output;
};

int wait_for(pid_t child, const Interrupts& interrupts) {
  for (;;) {
    if (const auto end = wait_child(child, false)) return end->exit_code;
    const auto event = interrupts.wait_until(monotonic_now() + Seconds{1});
    if (event.signal != 0 && event.signal != SIGCHLD && !event.from_terminal) ::kill(child, event.signal);
  }
}

void tell(const SampleTable& table, const ProfileOptions& options, const std::string& root, const std::string& program,
          const Invocation& invocation) {
  Symbols symbols(table.modules, root);
  const Sites sites = sites_of(table, symbols, {}, 4096);
  if (!invocation.quiet)
    fmt::print(stderr, "neap: {} samples of live objects, {} taken in all{}\n", table.objects.size(), table.taken,
               table.lost > 0 ? fmt::format(", {} found no room", table.lost) : "");
  print_sites(sites, options.made ? made_value : live_value, symbols, program, options.output, invocation);
}

int profile_program(const ProfileOptions& options, const Invocation& invocation) {
  const auto& program = require_program(invocation, "profile");
  const std::string file = find_program(program.front());
  const Preflight preflight = look_before_start(program.front());
  if (!preflight.obstacle.empty())
    throw Failure(fmt::format("{} cannot be profiled: {}", program.front(), preflight.obstacle));
  const std::string sampler = find_own_file("libneap-profile.so");
  if (sampler.empty()) throw Failure("libneap-profile.so is missing beside neap; install or build neap anew");
  const SampleFile samples;
  auto environment = environment_under(fitted_to(resolve_allocator(options.allocator), preflight), {sampler});
  environment.push_back(fmt::format("{}={}", samples::kFileVariable, samples.path()));
  const Interrupts interrupts;
  const int code = wait_for(start_child(file, program, environment), interrupts);
  const auto table = samples.read();
  if (!table)
    throw Failure(fmt::format("{} took no samples: it is static, or started nothing that allocates", program.front()));
  tell(*table, options, "", program.front(), invocation);
  return code;
}

int profile_process(const ProfileOptions& options, const Invocation& invocation) {
  const FoundProcess process = target_process(options.target, "profile --pid");
  LiveProcess space(process.pid);
  const auto table = read_samples(space);
  if (!table)
    throw UsageFailure(
        fmt::format("process {} ({}) was not started by neap profile: neap profile -- PROGRAM, then neap "
                    "profile --pid",
                    process.pid, process.name));
  tell(*table, options, fmt::format("/proc/{}/root", process.pid), process.name, invocation);
  return exit_success;
}

int compare_files(const ProfileOptions& options) {
  std::map<std::string, double> change;
  for (const auto& [stack, value] : read_folded(options.diff[0])) change[stack] -= value;
  for (const auto& [stack, value] : read_folded(options.diff[1])) change[stack] += value;
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [stack, value] : change)
    if (std::fabs(value) >= 1) sorted.emplace_back(value, stack);
  std::sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return std::fabs(a.first) > std::fabs(b.first); });
  TextTable table({{"CHANGE MIB"}, {"CALL STACK, INNERMOST LAST", Align::left}});
  for (std::size_t i = 0; i < std::min(sorted.size(), static_cast<std::size_t>(options.output.rows)); ++i)
    table.add({fmt::format("{:+.2f}", sorted[i].first / (1 << 20)), sorted[i].second});
  fmt::print("{}", table.text(false));
  return exit_success;
}

int profile(const ProfileOptions& options, const Invocation& invocation) {
  check_output(options.output);
  if (!options.diff.empty()) {
    if (options.diff.size() != 2)
      throw UsageFailure("--diff takes two files of folded stacks: neap profile --diff A B");
    return compare_files(options);
  }
  return options.target.empty() ? profile_program(options, invocation) : profile_process(options, invocation);
}

}  // namespace

VerbBody define_profile(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<ProfileOptions>();
  command.takes_program();
  command.add_option("-a,--allocator", options->allocator, "Run it under this allocator").named("NAME").shows_default();
  command.add_option("--pid", options->target, "Look into a program that was started by neap profile").named("TARGET");
  command.add_flag("--made", options->made, "All that was ever allocated, not what is live");
  command.add_option("--diff", options->diff, "What changed between two files of folded stacks").named("A B");
  add_output_options(command, options->output);
  command.footer(profile_help);
  return [options, &invocation] { return profile(*options, invocation); };
}

}  // namespace neap
