#include "tool/service/round.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tool/model/failure.h"
#include "tool/observe/processes.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

std::string with_reload(const std::string& change) {
  return change + (change.empty() ? "" : "\n") + "systemctl daemon-reload";
}

bool is_at_work(const UnitFacts& unit) { return unit.type == "oneshot" && unit.active_state == "activating"; }

std::string of_what_it_consists(const UnitFacts& unit) {
  if (unit.consists_of.empty()) return {};
  return fmt::format("; it consists of {}, which can be switched", fmt::join(unit.consists_of, ", "));
}

}  // namespace

Round::Round(const SwitchContext& context, std::vector<UnitSwitch> targets, const Allocator& allocator,
             const SwitchOptions& options, std::string part_of)
    : context_(context),
      manager_(*context.manager),
      targets_(std::move(targets)),
      allocator_(allocator),
      options_(options),
      part_of_(std::move(part_of)) {}

SwitchOutcome Round::show() const {
  SwitchOutcome outcome{targets_.front().unit().id, allocator_.label, false, {}, 0};
  for (const UnitSwitch& target : targets_) {
    if (target.is_in_force())
      context_.say(fmt::format("{} is set to {} already", target.unit().id, allocator_.label));
    else
      context_.say(with_reload(target.described()));
    outcome.changed = outcome.changed || !target.is_in_force();
    if (!options_.restart) continue;
    for (const std::string& running : target.running()) {
      if (target.is_in_force() && runs_already(running)) continue;
      outcome.changed = true;
      context_.say(
          fmt::format("systemctl restart {}; watch it for {} s; roll back if it fails", running, options_.watch.count));
    }
  }
  return outcome;
}

SwitchOutcome Round::run(Pace pace) {
  SwitchOutcome outcome{targets_.front().unit().id, allocator_.label, false, {}, 0};
  const std::vector<std::string> units = options_.restart ? to_restart() : std::vector<std::string>{};
  bool written = false;
  for (UnitSwitch& target : targets_) {
    if (target.is_in_force())
      context_.say(fmt::format("{} is set to {} already", target.unit().id, allocator_.label));
    else
      written = true;
    for (const std::string& note : target.notes()) context_.say(note);
  }
  outcome.changed = written || !units.empty();
  std::size_t begun = 0;
  try {
    for (; begun < targets_.size(); ++begun) targets_[begun].write(part_of_);
    if (written) {
      manager_.reload();
      for (UnitSwitch& target : targets_) target.check_loaded();
    }
    restart(units, pace);
  } catch (const Failure& failure) {
    while (targets_.size() > begun) targets_.pop_back();
    if (targets_.empty()) throw;
    take_back(failure.what());
  }
  finish(outcome);
  return outcome;
}

bool Round::runs_already(const std::string& unit) const {
  const Examination found = examine(manager_.processes(unit), allocator_);
  return found.misfits.empty() && found.verified > 0;
}

// The units to restart. They are found before anything is changed, as a restart without a process to verify would be
// for nothing.
std::vector<std::string> Round::to_restart() {
  std::vector<std::string> units;
  for (const UnitSwitch& target : targets_)
    for (const std::string& name : target.running()) {
      const UnitFacts unit = manager_.unit(name);
      if (is_at_work(unit)) {
        context_.say(
            fmt::format("{} is at work and is left to it; it takes {} at its next start", name, allocator_.label));
      } else if (target.is_in_force() && runs_already(name)) {
        verified_ += 1;
      } else if (manager_.processes(name).empty() && unit.sub_state != "auto-restart") {
        const std::string line =
            fmt::format("{} has no process that could be verified{}", name, of_what_it_consists(unit));
        if (name == target.unit().id) throw Failure(line + "; nothing was changed");
        context_.say(line + "; it is not restarted");
      } else {
        units.push_back(name);
      }
    }
  return units;
}

void Round::restart(const std::vector<std::string>& units, Pace pace) {
  if (pace == Pace::together && !units.empty()) return restart_some(units);
  for (const std::string& unit : units) restart_some({unit});
}

void Round::restart_some(const std::vector<std::string>& units) {
  std::vector<Observation> observations;
  observations.reserve(units.size());
  for (const std::string& unit : units) {
    context_.say(fmt::format("restarting {}; watching it for {} s", unit, options_.watch.count));
    observations.emplace_back(manager_, unit, &allocator_, options_.watch);
    restarted_.push_back(unit);
  }
  observe(observations);
  for (const Observation& each : observations) {
    if (!each.why().empty())
      throw Failure(
          fmt::format("{} under {}: {} (journalctl -u {})", each.unit(), allocator_.label, each.why(), each.unit()));
    verified_ += each.verified();
    for (const UnitProcess& process : each.passed_over())
      context_.say(fmt::format("process {} ({}) of {} is older: the restart left it running on what it had",
                               process.pid, process.command, each.unit()));
  }
}

// Whatever went wrong, the files go back, systemd reads them, and what was restarted is restarted again.
void Round::take_back(const std::string& why) {
  for (auto target = targets_.rbegin(); target != targets_.rend(); ++target) target->undo();
  manager_.reload();
  throw Failure(fmt::format("{}; rolled back{}", why, restart_on_what_was(manager_, restarted_)));
}

void Round::finish(SwitchOutcome& outcome) {
  outcome.restarted = restarted_;
  outcome.verified = verified_;
  for (UnitSwitch& target : targets_) {
    std::vector<std::string> its_own;
    std::copy_if(target.running().begin(), target.running().end(), std::back_inserter(its_own), [&](const auto& unit) {
      return std::find(restarted_.begin(), restarted_.end(), unit) != restarted_.end();
    });
    if (outcome.changed) target.finish(its_own, options_);
    say_end(target);
  }
}

void Round::say_end(const UnitSwitch& target) const {
  const std::string& id = target.unit().id;
  const bool all_run =
      !target.running().empty() && std::all_of(target.running().begin(), target.running().end(),
                                               [this](const std::string& unit) { return runs_already(unit); });
  if (restarted_.empty() && all_run)
    context_.say("and every process of it runs it");
  else if (!restarted_.empty())
    context_.say(fmt::format("{} runs on {}: every process verified", id, allocator_.label));
  else if (target.running().empty())
    context_.say(fmt::format("{} will run on {} from its next start", id, allocator_.label));
  else if (std::all_of(target.running().begin(), target.running().end(),
                       [this](const std::string& unit) { return manager_.processes(unit).empty(); }))
    context_.say(fmt::format("{} will run on {} from its next start; it has no process now{}", id, allocator_.label,
                             of_what_it_consists(target.unit())));
  else
    context_.say(fmt::format("{} is set to {}; pending until it is restarted: neap enable {} --allocator {} --restart",
                             id, allocator_.label, id, allocator_.label));
}

SwitchOutcome enable_unit(const SwitchContext& context, const std::string& name, const Allocator& allocator,
                          const UnitChecks& checks, const SwitchOptions& options) {
  UnitFacts unit = known_unit(*context.manager, name);
  check_before_switch(context, unit, allocator, checks, options);
  std::vector<UnitSwitch> one;
  one.emplace_back(context, std::move(unit), allocator, options);
  Round round(context, std::move(one), allocator, options);
  return options.dry_run ? round.show() : round.run(Round::Pace::one_by_one);
}

}  // namespace neap
