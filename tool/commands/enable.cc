#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/checks/machine_checks.h"
#include "tool/checks/memory_limit.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/find_misuse.h"
#include "tool/commands/outcomes.h"
#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/service/step_switch.h"
#include "tool/service/system_switch.h"
#include "tool/service/user_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Writes one drop-in, /etc/systemd/system/UNIT.d/50-neap.conf, and keeps an LD_PRELOAD that was there. Without\n"
    "--restart the change waits for the unit's next start; with it, every process is verified, and a unit that fails\n"
    "or flaps goes back to what it ran before. See also: neap disable, neap status, neap doctor.";

struct EnableOptions {
  std::vector<std::string> names;  // units; with --user programs
  std::string allocator = "neap";
  bool system = false, user = false, soft_limit = false;
  std::vector<std::string> exceptions;
  SwitchOptions change;
  StepPlan steps;
  FindMisuseOptions misuse;
};

SwitchOutcome enable_named(const Workplace& workplace, const std::string& name, const Allocator& written,
                           const EnableOptions& options) {
  const Allocator allocator = fitted_to_unit(written, workplace.manager->unit(name));
  if (options.steps.step.empty()) {
    const auto lock = lock_unless_dry(workplace.context, options.change);
    return enable_unit(workplace.context, name, allocator, check_unit, options.change);
  }
  if (!is_template(name))
    throw UsageFailure(fmt::format("--step is for the instances of a template (tor@), not {}", name));
  return enable_by_steps(workplace.context, name, allocator, check_unit, options.change, options.steps,
                         [&] { return lock_unless_dry(workplace.context, options.change); });
}

int enable_units(const EnableOptions& options, const Invocation& invocation) {
  if (options.names.empty()) throw UsageFailure("name a unit: neap enable UNIT, or --system, or --user");
  const Allocator written = options.misuse.wanted ? resolve_checked(options.allocator, options.misuse.checker(), "")
                                                  : resolve_allocator(options.allocator);
  const Workplace workplace = open_workplace(Needs::systemd, invocation);
  Outcomes outcomes;
  for (const std::string& each : options.names)
    outcomes.attempt(each, [&] { return enable_named(workplace, service_name(each), written, options); });
  return outcomes.end(invocation);
}

int enable_for_system(const EnableOptions& options, const Invocation& invocation) {
  if (!options.names.empty()) throw UsageFailure("--system is for every program; leave the names out");
  const Workplace workplace = open_workplace(Needs::files, invocation);
  if (workplace.manager == nullptr && is_container_image() && !options.change.force)
    throw UsageFailure(
        fmt::format("this is a container: a switch made here is gone with it. Say it in the Dockerfile instead: {} "
                    "(--force switches all the same)",
                    dockerfile_line));
  const auto lock = lock_unless_dry(workplace.context, options.change);
  Outcomes outcomes;
  outcomes.attempt(system_target, [&] {
    return enable_system(workplace.context, resolve_allocator(options.allocator), options.exceptions, check_unit,
                         options.change);
  });
  return outcomes.end(invocation);
}

SwitchOutcome enable_program_of_user(const SwitchContext& context, const std::string& name, const Allocator& allocator,
                                     const SwitchOptions& options) {
  const std::string file = std::filesystem::absolute(find_program(name)).string();
  const std::vector<Finding> findings = check_program(file, allocator);
  if (const Finding* obstacle = first_obstacle(findings); obstacle != nullptr && !options.force)
    throw UsageFailure(
        fmt::format("{} cannot take effect in {}: {}; {}", allocator.label, name, obstacle->what, obstacle->advice));
  return enable_program(context, file, allocator, options);
}

SwitchOutcome enable_own_unit(const std::string& name, const Allocator& allocator, const EnableOptions& options,
                              const Invocation& invocation) {
  const Workplace workplace = open_own_workplace(Needs::systemd, invocation);
  return in_scope(workplace.context, [&] { return enable_named(workplace, service_name(name), allocator, options); });
}

int enable_for_user(const EnableOptions& options, const Invocation& invocation) {
  const Allocator allocator = resolve_allocator(options.allocator);
  const SwitchContext context = user_context(invocation);
  Outcomes outcomes;
  if (options.names.empty())
    outcomes.attempt(session_target, [&] {
      const auto lock = lock_unless_dry(context, options.change);
      return enable_session(context, allocator, options.change);
    });
  for (const std::string& name : options.names)
    outcomes.attempt(name, [&] {
      if (is_name_of_unit(name)) return enable_own_unit(name, allocator, options, invocation);
      const auto lock = lock_unless_dry(context, options.change);
      return enable_program_of_user(context, name, allocator, options.change);
    });
  return outcomes.end(invocation);
}

// --soft-limit is a setting of the allocator, and shows as one.
EnableOptions with_soft_limit(EnableOptions options) {
  if (!options.soft_limit) return options;
  if (!resolve_allocator(options.allocator).is_neap())
    throw UsageFailure(
        fmt::format("--soft-limit goes with the allocator neap by its name, not with {}", options.allocator));
  options.allocator += fmt::format(":{}", soft_limit_setting);
  return options;
}

// Options that do not go together end the command before anything is looked at.
void refuse_contradictions(const EnableOptions& options) {
  if (options.system && options.user) throw UsageFailure("--system and --user exclude each other");
  if (!options.exceptions.empty() && !options.system) throw UsageFailure("--except belongs to --system");
  if (!options.steps.step.empty() && !options.change.restart)
    throw UsageFailure("--step restarts instances: neap enable tor@ --restart --step 10%");
  if (options.steps.canaries > 0 && options.steps.step.empty())
    throw UsageFailure("--canary goes before steps: neap enable tor@ --restart --canary 2 --step 10%");
  if (options.change.probation.count > 0 && (options.system || !options.change.restart))
    throw UsageFailure("--probation belongs to the restart of a unit: neap enable UNIT --restart --probation 24h");
  if (options.misuse.wanted && (options.system || options.user))
    throw UsageFailure(
        "--find-misuse is for units: neap enable UNIT --find-misuse; for a program: neap run --find-misuse");
  if (!options.misuse.wanted && (options.misuse.no_leaks || options.misuse.no_mismatches))
    throw UsageFailure("--no-leaks and --no-mismatches belong to --find-misuse: neap enable UNIT --find-misuse");
}

int enable(const EnableOptions& written, const Invocation& invocation) {
  const EnableOptions options = with_soft_limit(written);
  refuse_contradictions(options);
  if (options.system) return enable_for_system(options, invocation);
  return options.user ? enable_for_user(options, invocation) : enable_units(options, invocation);
}

}  // namespace

VerbBody define_enable(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<EnableOptions>();
  command.add_option("UNIT", options->names, "Services: nginx, tor@default, tor@ for all instances");
  command.add_flag("--system", options->system, "Every program: /etc/ld.so.preload, after a trial");
  command.add_option("--except", options->exceptions, "With --system: a program that stays on libc; repeatable");
  command.add_flag("--user", options->user,
                   "Your own sessions; with names only these units (x.service) or programs (wrappers)");
  command.add_option("-a,--allocator", options->allocator, "Name, preset or path of a .so").shows_default();
  command.add_flag("--soft-limit", options->soft_limit,
                   "libneap heeds MemoryMax= and MemoryHigh=: near them it keeps nothing that it can give back");
  add_checker_options(command, options->misuse);
  command.add_flag("--restart", options->change.restart, "Restart the unit, verify, watch, roll back when it fails");
  command.add_option("--watch", options->change.watch.count, "How long to watch after a restart, seconds")
      .shows_default()
      .within(0, 86400)
      .takes_duration();
  command.add_option("--step", options->steps.step, "Of a template: so many instances, or 10% of them, at a time")
      .named("N|N%");
  command.add_option("--canary", options->steps.canaries, "Before the first step: so many instances")
      .named("N")
      .within(0, 10000);
  command
      .add_option("--probation", options->change.probation.count,
                  "After the watch, look again for this time, and roll back if it fails or flaps: 24h")
      .within(0, 366 * 86400)
      .takes_duration();
  command.add_flag("--children", options->change.children,
                   "Of ssh, cron, php-fpm: also the sessions, jobs and programs that they start");
  command.add_flag("--dry-run", options->change.dry_run, "Show the exact change and make none");
  add_wait_option(command, options->change);
  command.add_flag("--force", options->change.force, "Switch although a check says that it will not work");
  command.footer(footer);
  return [options, &invocation] { return enable(*options, invocation); };
}

}  // namespace neap
