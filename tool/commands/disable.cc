#include <fmt/core.h>

#include <memory>
#include <optional>

#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/service/system_switch.h"
#include "tool/service/user_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

struct DisableOptions {
  std::vector<std::string> names;  // units; with --user programs
  bool all = false, system = false, user = false;
  SwitchOptions change;
};

// One that cannot be switched back, an edited file say, does not keep the others.
template <class Step>
void each_of(const std::vector<std::string>& targets, Step step) {
  std::optional<Failure> last;
  for (const std::string& target : targets) {
    try {
      step(target);
    } catch (const Failure& failure) {
      if (last) fmt::print(stderr, "neap: {}\n", last->what());
      last = failure;
    }
  }
  if (last) throw *last;
}

void disable_target(const SwitchContext& context, const std::string& target, const SwitchOptions& options) {
  if (target == system_target)
    disable_system(context, options);
  else
    disable_unit(context, target, options);
}

void disable_for_user(const DisableOptions& options, const Invocation& invocation) {
  const SwitchContext context = user_context(invocation);
  const auto lock = lock_unless_dry(context, options.change);
  std::vector<std::string> targets = options.names;
  if (options.all)
    for (const Record& record : context.store.load_all()) targets.push_back(record.target);
  else if (targets.empty())
    targets.emplace_back(session_target);
  each_of(targets, [&](const std::string& target) { disable_user(context, target, options.change); });
}

int disable(const DisableOptions& options, const Invocation& invocation) {
  if (options.user) {
    disable_for_user(options, invocation);
    return exit_success;
  }
  if (options.names.empty() && !options.all && !options.system)
    throw UsageFailure("name a unit: neap disable UNIT, or --all, or --system, or --user");
  const Workplace workplace = open_workplace(Needs::files, invocation);
  const auto lock = lock_unless_dry(workplace.context, options.change);
  std::vector<std::string> targets;
  if (options.system) targets.emplace_back(system_target);
  for (const std::string& unit : options.names) targets.push_back(service_name(unit));
  if (options.all)
    for (const Record& record : workplace.context.store.load_all()) targets.push_back(record.target);
  if (targets.empty()) workplace.context.say("neap has switched nothing here: nothing to do");
  each_of(targets, [&](const std::string& target) { disable_target(workplace.context, target, options.change); });
  return exit_success;
}

}  // namespace

VerbBody define_disable(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<DisableOptions>();
  command.add_option("UNIT", options->names, "Services that neap enable switched");
  command.add_flag("--system", options->system, "The whole system: /etc/ld.so.preload");
  command.add_flag("--user", options->user, "Your own sessions, or with names only these programs");
  command.add_flag("--all", options->all, "Everything that neap switched");
  command.add_flag("--restart", options->change.restart, "Restart the unit, so that it leaves the allocator now");
  command.add_flag("--dry-run", options->change.dry_run, "Show the exact change and make none");
  command.footer("Restores byte for byte what was there before. A file that was edited since is never overwritten.");
  return [options, &invocation] { return disable(*options, invocation); };
}

}  // namespace neap
