#include "tool/service/unit_switch.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/change/apply.h"
#include "tool/change/describe.h"
#include "tool/model/failure.h"
#include "tool/service/drop_in.h"
#include "tool/service/processes.h"
#include "tool/service/watch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

UnitFacts known_unit(Manager& manager, const std::string& name) {
  UnitFacts unit = manager.unit(name);
  if (unit.load_state == "not-found")
    throw UsageFailure(
        fmt::format("there is no {}; systemctl list-unit-files --type=service shows those there are", name));
  if (unit.load_state == "masked")
    throw UsageFailure(fmt::format("{} is masked: systemctl unmask {} first", name, name));
  if (unit.load_state != "loaded")
    throw UsageFailure(
        fmt::format("systemd cannot load {} ({}); see systemctl status {}", name, unit.load_state, name));
  return unit;
}

std::string with_reload(const std::string& change) {
  return change + (change.empty() ? "" : "\n") + "systemctl daemon-reload";
}

std::uint64_t resident_bytes_of(Manager& manager, const std::vector<std::string>& units) {
  std::uint64_t sum = 0;
  for (const std::string& unit : units) sum += resident_bytes(manager.processes(unit));
  return sum;
}

// One unit's way from one allocator to another.
class UnitSwitch {
 public:
  UnitSwitch(const SwitchContext& context, UnitFacts unit, const Allocator& allocator, const SwitchOptions& options)
      : context_(context),
        manager_(*context.manager),
        unit_(std::move(unit)),
        allocator_(allocator),
        options_(options) {
    replaced_ = context.store.load(unit_.id);
    plan_ = plan_drop_in(context.root, unit_, manager_.environment(), allocator);
    next_ = begin_record(unit_.id, allocator);
    next_.files = plan_.files;
    next_.effective = plan_.effective;
    take_stock(context.root, replaced_, next_);
    refuse_unknown_drop_in();
    running_ = manager_.running_services(units_of(unit_.id));
  }

  bool is_in_force() const {
    return replaced_ && replaced_->complete && replaced_->allocator == next_.allocator &&
           std::all_of(next_.files.begin(), next_.files.end(),
                       [](const FileChange& file) { return file.from == file.to; });
  }

  void show() const {
    if (is_in_force())
      context_.say(fmt::format("{} is set to {} already", unit_.id, allocator_.label));
    else
      context_.say(with_reload(describe_change(next_)));
    if (options_.restart)
      for (const std::string& running : running_)
        context_.say(fmt::format("systemctl restart {}; watch it for {} s; roll back if it fails", running,
                                 options_.watch.count));
  }

  void run() {
    if (is_in_force()) {
      context_.say(fmt::format("{} is set to {} already", unit_.id, allocator_.label));
      if (!options_.restart && all_run_it()) return context_.say("and every process of it runs it");
      resume();
    } else {
      for (const std::string& note : plan_.notes) context_.say(note);
      if (!running_.empty()) next_.bytes_before = resident_bytes_of(manager_, running_);
      apply(context_.root, context_.store, replaced_, next_);
      guard([&] { load(); });
    }
    if (options_.restart) guard([&] { restart_all(); });
    finish();
  }

 private:
  // The switch was made before and waits for its restart: should that fail, the way back is to what it replaced.
  void resume() {
    next_ = *replaced_;
    if (next_.previous.empty()) {
      replaced_.reset();
      return;
    }
    replaced_->allocator = next_.previous;
    replaced_->previous.clear();
    for (FileChange& file : replaced_->files) file.to = file.from, file.from = file.original;
  }

  bool all_run_it() const {
    return std::all_of(running_.begin(), running_.end(), [this](const std::string& unit) {
      return misfits(manager_.processes(unit), allocator_).empty();
    });
  }

  // A file of that name which no record knows is somebody's own.
  void refuse_unknown_drop_in() const {
    if (replaced_) return;
    for (const FileChange& file : next_.files)
      if (file.from && file.from != file.to)
        throw UsageFailure(
            fmt::format("{} is there, and not by neap's journal; move it away (its settings to a file of "
                        "another name) and try again",
                        file.path));
  }

  // Whatever goes wrong inside, the files go back, systemd reads them, and what was restarted is restarted again.
  template <class Step>
  void guard(Step step) {
    try {
      step();
    } catch (const Failure& failure) {
      roll_back(context_.root, context_.store, replaced_, next_);
      manager_.reload();
      std::string state;
      for (const std::string& unit : restarted_) {
        manager_.forget_failures(unit);
        const std::string why = restart_and_wait(manager_, unit);
        state += why.empty() ? fmt::format("; {} runs as before", unit) : fmt::format("; {}: {}", unit, why);
      }
      throw Failure(fmt::format("{}; rolled back{}", failure.what(), state));
    }
  }

  void load() {
    manager_.reload();
    const std::string got = loaded_value(context_.root, manager_.unit(unit_.id), "LD_PRELOAD");
    if (got != plan_.preload && !is_template(unit_.id))
      throw Failure(
          fmt::format("systemd gives {} LD_PRELOAD='{}' where neap wrote '{}'; another file of the unit "
                      "overrides it (systemctl cat {})",
                      unit_.id, got, plan_.preload, unit_.id));
  }

  void restart_all() {
    for (const std::string& unit : running_) {
      context_.say(fmt::format("restarting {}", unit));
      restarted_.push_back(unit);
      std::string why = restart_and_wait(manager_, unit);
      if (why.empty()) {
        context_.say(fmt::format("watching {} for {} s", unit, options_.watch.count));
        why = watch(manager_, unit, allocator_, options_.watch);
      }
      if (!why.empty())
        throw Failure(fmt::format("{} under {}: {} (journalctl -u {})", unit, allocator_.label, why, unit));
    }
  }

  void finish() {
    next_.complete = true;
    if (!restarted_.empty()) next_.bytes_after = resident_bytes_of(manager_, restarted_);
    try {
      context_.store.save(next_);
    } catch (const Failure& failure) {  // the switch itself is made and journalled
      context_.say(fmt::format("the memory figures are not kept: {}", failure.what()));
    }
    if (!restarted_.empty())
      context_.say(fmt::format("{} runs on {}: every process verified", unit_.id, allocator_.label));
    else if (running_.empty())
      context_.say(fmt::format("{} will run on {} from its next start", unit_.id, allocator_.label));
    else
      context_.say(
          fmt::format("{} is set to {}; pending until it is restarted: neap enable {} --allocator {} --restart",
                      unit_.id, allocator_.label, unit_.id, allocator_.label));
  }

  const SwitchContext& context_;
  Manager& manager_;
  UnitFacts unit_;
  const Allocator& allocator_;
  const SwitchOptions& options_;
  std::optional<Record> replaced_;
  DropInPlan plan_;
  Record next_;
  std::vector<std::string> running_, restarted_;
};

void reload_and_restart(const SwitchContext& context, const std::string& name, bool restart) {
  if (context.manager == nullptr) return;
  context.manager->reload();
  const std::vector<std::string> running = context.manager->running_services(units_of(name));
  for (const std::string& unit : running) {
    if (!restart) {
      context.say(fmt::format("{} keeps its allocator until it is restarted: systemctl restart {}", unit, unit));
      continue;
    }
    const std::string why = restart_and_wait(*context.manager, unit);
    if (!why.empty()) throw Failure(fmt::format("{} without neap: {} (journalctl -u {})", unit, why, unit));
  }
}

}  // namespace

void enable_unit(const SwitchContext& context, const std::string& name, const Allocator& allocator,
                 const UnitChecks& checks, const SwitchOptions& options) {
  UnitFacts unit = known_unit(*context.manager, name);
  const std::vector<Finding> findings = checks(unit, allocator);
  for (const Finding& finding : findings)
    if (finding.severity == Severity::warning)
      context.say(fmt::format("{}: {}; {}", finding.subject, finding.what, finding.advice));
  if (const Finding* obstacle = first_obstacle(findings); obstacle != nullptr && !options.force)
    throw UsageFailure(fmt::format("{} cannot take effect in {}: {}: {}; {} (--force switches all the same)",
                                   allocator.label, unit.id, obstacle->subject, obstacle->what, obstacle->advice));
  UnitSwitch change(context, std::move(unit), allocator, options);
  if (options.dry_run)
    change.show();
  else
    change.run();
}

void disable_unit(const SwitchContext& context, const std::string& name, const SwitchOptions& options) {
  std::optional<Record> record = context.store.load(name);
  std::string target = name;
  if (!record && context.manager != nullptr) {  // an alias: redis.service is redis-server.service
    target = context.manager->unit(name).id;
    record = context.store.load(target);
  }
  if (!record) {
    if (!options.dry_run) context.store.erase(target);  // what a neap killed at its first write left
    context.say(fmt::format("{} was not switched by neap: nothing to do", target));
    return;
  }
  if (options.dry_run) return context.say(with_reload(describe_restore(context.root, *record)));
  restore(context.root, context.store, *record);
  context.say(fmt::format("{} is as it was before neap", target));
  reload_and_restart(context, target, options.restart);
}

}  // namespace neap
