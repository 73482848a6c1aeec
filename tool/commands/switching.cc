#include "tool/commands/switching.h"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>

#include "tool/allocators/preflight.h"
#include "tool/checks/apparmor.h"
#include "tool/checks/hardening.h"
#include "tool/checks/memory_limit.h"
#include "tool/checks/program_checks.h"
#include "tool/model/failure.h"
#include "tool/presets/preset.h"
#include "tool/service/user_switch.h"

namespace neap {

namespace {

// Each line at once, into a pipe too: a watch takes its time, and a failure is told on stderr.
std::function<void(const std::string&)> speaker(const Invocation& invocation) {
  return [&invocation](const std::string& line) {
    if (invocation.quiet) return;
    fmt::print(invocation.json ? stderr : stdout, "{}\n", line);
    std::fflush(stdout);
  };
}

}  // namespace

Workplace open_workplace(Needs needs, const Invocation& invocation) {
  std::unique_ptr<Manager> manager;
  if (needs == Needs::systemd || systemd_runs_here()) manager = connect_to_systemd();
  Workplace workplace{std::move(manager),
                      {Root(), Journal(system_state_folder), nullptr, speaker(invocation), Scope()}};
  workplace.context.manager = workplace.manager.get();
  return workplace;
}

std::unique_ptr<Lock> lock_unless_dry(const SwitchContext& context, const SwitchOptions& options) {
  return options.dry_run ? nullptr : std::make_unique<Lock>(context.journal.folder(), options.lock_patience);
}

void add_wait_option(CommandLine& command, SwitchOptions& options) {
  command.add_option("--wait", options.lock_patience.count, "How long to wait for another neap, seconds")
      .shows_default()
      .within(0, 86400)
      .takes_duration();
}

SwitchContext user_context(const Invocation& invocation) {
  return {Root(), Journal(user_state_folder()), nullptr, speaker(invocation), own_scope()};
}

Workplace open_own_workplace(Needs needs, const Invocation& invocation) {
  std::unique_ptr<Manager> manager;
  try {
    manager = connect_to_own_systemd();
  } catch (const Failure&) {
    if (needs == Needs::systemd) throw;
  }
  Workplace workplace{std::move(manager), user_context(invocation)};
  workplace.context.manager = workplace.manager.get();
  workplace.context.say = [say = workplace.context.say, scope = own_scope()](const std::string& line) {
    say(scope.advice(line));
  };
  return workplace;
}

bool has_own_switches() try {
  std::vector<BrokenEntry> broken;
  return !Journal(user_state_folder()).load_all(broken).empty() || !broken.empty();
} catch (const UsageFailure&) {
  return false;  // the user has no home
}

bool is_name_of_unit(const std::string& name) { return name.ends_with(".service") || name.ends_with('@'); }

SwitchOutcome in_scope(const SwitchContext& context, const std::function<SwitchOutcome()>& step) {
  try {
    return step();
  } catch (const Failure& failure) {
    throw Failure(context.scope.advice(failure.what()), failure.exit_code());
  }
}

Allocator fitted_to_unit(const Allocator& allocator, const UnitFacts& unit) {
  if (!allocator.is_libc() || unit.programs.empty()) return allocator;
  const std::string program = path_outside(unit.hardening, unit.programs[0]);
  return std::filesystem::exists(program) ? fitted_to(allocator, look_before_start(program)) : allocator;
}

std::vector<Finding> check_unit(const UnitFacts& unit, const Allocator& allocator) {
  if (allocator.library.empty()) return {};
  std::vector<Finding> findings = check_hardening(Root(), unit, allocator.library);
  for (Finding& finding : check_apparmor(Root(), unit, allocator.library)) findings.push_back(std::move(finding));
  for (Finding& finding : check_preset(Root(), unit.id, false)) findings.push_back(std::move(finding));
  for (Finding& finding : check_memory_limit(unit, allocator)) findings.push_back(std::move(finding));
  for (const std::string& program : unit.programs)
    for (Finding& finding : check_program(path_outside(unit.hardening, program), allocator))
      findings.push_back(std::move(finding));
  return findings;
}

}  // namespace neap
