#include "tool/service/unit_restore.h"

#include <fmt/format.h>

#include "tool/change/apply.h"
#include "tool/change/describe.h"
#include "tool/model/failure.h"
#include "tool/observe/observation.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

// A oneshot at work, and a unit without processes, have nothing that a restart would change now.
bool is_worth_a_restart(Manager& manager, const std::string& name) {
  const UnitFacts unit = manager.unit(name);
  if (unit.type == "oneshot" && unit.active_state == "activating") return false;
  return unit.sub_state == "auto-restart" || !manager.processes(name).empty();
}

void reload_and_restart(const SwitchContext& context, const std::string& name, bool restart, SwitchOutcome& outcome) {
  if (context.manager == nullptr) return;
  context.manager->reload();
  for (const std::string& unit : context.manager->running_services(units_of(name))) {
    if (!is_worth_a_restart(*context.manager, unit)) continue;
    if (!restart) {
      context.say(fmt::format("{} keeps its allocator until it is restarted: systemctl restart {}", unit, unit));
      continue;
    }
    outcome.restarted.push_back(unit);
    const std::string why = restart_and_wait(*context.manager, unit);
    if (!why.empty()) throw Failure(fmt::format("{} without neap: {} (journalctl -u {})", unit, why, unit));
  }
}

// What neap wrote for the target: of a template also what its steps wrote for instances.
std::vector<Entry> entries_of(const Journal& journal, const std::string& target) {
  std::vector<Entry> entries;
  if (is_template(target)) entries = entries_of_steps(journal, target);
  if (std::optional<Entry> own = journal.load(target)) entries.push_back(std::move(*own));
  return entries;
}

}  // namespace

SwitchOutcome disable_unit(const SwitchContext& context, const std::string& name, const SwitchOptions& options) {
  SwitchOutcome outcome{name, {}, false, {}, 0};
  std::vector<Entry> entries = entries_of(context.journal, name);
  if (entries.empty() && context.manager != nullptr) {  // an alias: redis.service is redis-server.service
    outcome.target = context.manager->unit(name).id;
    entries = entries_of(context.journal, outcome.target);
  }
  if (entries.empty()) {
    if (!options.dry_run) context.journal.clear_unfinished();
    context.say(fmt::format("{} was not switched by neap: nothing to do", outcome.target));
    return outcome;
  }
  outcome.changed = true;
  for (const Entry& entry : entries) {
    const std::string change = describe_restore(context.root, entry);  // refuses what was edited, before the first
    if (options.dry_run && !change.empty()) context.say(change);
  }
  if (options.dry_run) {
    context.say("systemctl daemon-reload");
    return outcome;
  }
  for (const Entry& entry : entries) restore(context.root, context.journal, entry);
  context.journal.clear_unfinished();
  context.say(fmt::format("{} is as it was before neap", outcome.target));
  reload_and_restart(context, outcome.target, options.restart, outcome);
  return outcome;
}

}  // namespace neap
