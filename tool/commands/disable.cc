#include <memory>

#include "tool/commands/outcomes.h"
#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/service/system_switch.h"
#include "tool/service/unit_restore.h"
#include "tool/service/user_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

struct DisableOptions {
  std::vector<std::string> names;  // units; with --user programs
  bool all = false, system = false, user = false;
  SwitchOptions change;
};

SwitchOutcome disable_target(const SwitchContext& context, const std::string& target, const SwitchOptions& options) {
  return target == system_target ? disable_system(context, options) : disable_unit(context, target, options);
}

// Adds every target of the journal. An entry that cannot be read is told as a failure of its own.
void add_all(const SwitchContext& context, std::vector<std::string>& targets, Outcomes& outcomes) {
  std::vector<BrokenEntry> broken;
  for (const Entry& entry : context.journal.load_all(broken)) targets.push_back(entry.target);
  for (const BrokenEntry& each : broken)
    outcomes.attempt(each.target, [&]() -> SwitchOutcome { throw Failure(each.why); });
}

void disable_own(const DisableOptions& options, std::vector<std::string> targets, Outcomes& outcomes,
                 const Invocation& invocation) {
  const SwitchContext context = user_context(invocation);
  const auto lock = lock_unless_dry(context, options.change);
  if (options.all) add_all(context, targets, outcomes);
  for (const std::string& target : targets)
    outcomes.attempt(target, [&] {
      if (!is_name_of_unit(target)) return disable_user(context, target, options.change);
      const Workplace own = open_own_workplace(Needs::systemd, invocation);
      return in_scope(own.context, [&] { return disable_unit(own.context, service_name(target), options.change); });
    });
}

int disable_for_user(const DisableOptions& options, const Invocation& invocation) {
  Outcomes outcomes;
  std::vector<std::string> targets = options.names;
  if (targets.empty() && !options.all) targets.emplace_back(session_target);
  disable_own(options, std::move(targets), outcomes, invocation);
  return outcomes.end(invocation);
}

// Undoes all switches of the system and all of the calling user. Whoever is not root may well have the latter alone.
int disable_all(const DisableOptions& options, const Invocation& invocation) {
  const Workplace workplace = open_workplace(Needs::files, invocation);
  Outcomes outcomes;
  std::vector<std::string> targets;
  add_all(workplace.context, targets, outcomes);
  const bool has_own = has_own_switches();
  if (targets.empty() && !has_own) workplace.context.say("neap has switched nothing here: nothing to do");
  if (!targets.empty()) {
    const auto lock = lock_unless_dry(workplace.context, options.change);
    for (const std::string& target : targets)
      outcomes.attempt(target, [&] { return disable_target(workplace.context, target, options.change); });
  }
  if (has_own) disable_own(options, {}, outcomes, invocation);
  return outcomes.end(invocation);
}

int disable(const DisableOptions& options, const Invocation& invocation) {
  if (options.user) return disable_for_user(options, invocation);
  if (options.all) return disable_all(options, invocation);
  if (options.names.empty() && !options.system)
    throw UsageFailure("name a unit: neap disable UNIT, or --all, or --system, or --user");
  const Workplace workplace = open_workplace(Needs::files, invocation);
  const auto lock = lock_unless_dry(workplace.context, options.change);
  Outcomes outcomes;
  if (options.system)
    outcomes.attempt(system_target, [&] { return disable_target(workplace.context, system_target, options.change); });
  for (const std::string& unit : options.names)
    outcomes.attempt(unit, [&] { return disable_unit(workplace.context, service_name(unit), options.change); });
  return outcomes.end(invocation);
}

}  // namespace

VerbBody define_disable(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<DisableOptions>();
  command.add_option("UNIT", options->names, "Services that neap enable switched");
  command.add_flag("--system", options->system, "The whole system: /etc/ld.so.preload");
  command.add_flag("--user", options->user, "Your own sessions, or with names only these units and programs");
  command.add_flag("--all", options->all, "Everything that neap switched, your own sessions, units and programs too");
  command.add_flag("--restart", options->change.restart, "Restart the unit, so that it leaves the allocator now");
  command.add_flag("--dry-run", options->change.dry_run, "Show the exact change and make none");
  add_wait_option(command, options->change);
  command.footer("Restores byte for byte what was there before. A file that was edited since is never overwritten.");
  return [options, &invocation] { return disable(*options, invocation); };
}

}  // namespace neap
