#include "tool/service/unit_switch.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/change/apply.h"
#include "tool/change/describe.h"
#include "tool/model/failure.h"
#include "tool/observe/health.h"
#include "tool/observe/processes.h"
#include "tool/presets/preset.h"
#include "tool/service/probation.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

std::uint64_t resident_bytes_of(Manager& manager, const std::vector<std::string>& units) {
  std::uint64_t sum = 0;
  for (const std::string& unit : units) sum += resident_bytes(manager.processes(unit));
  return sum;
}

}  // namespace

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

void check_before_switch(const SwitchContext& context, const UnitFacts& unit, const Allocator& allocator,
                         const UnitChecks& checks, const SwitchOptions& options) {
  const std::vector<Finding> findings = checks(unit, allocator);
  for (const Finding& finding : findings)
    if (finding.severity == Severity::warning)
      context.say(fmt::format("{}: {}; {}", finding.subject, finding.what, finding.advice));
  if (const Finding* obstacle = first_obstacle(findings); obstacle != nullptr && !options.force)
    throw UsageFailure(fmt::format("{} cannot take effect in {}: {}: {}; {} (--force switches all the same)",
                                   allocator.label, unit.id, obstacle->subject, obstacle->what, obstacle->advice));
}

UnitSwitch::UnitSwitch(const SwitchContext& context, UnitFacts unit, const Allocator& allocator,
                       const SwitchOptions& options)
    : context_(context), manager_(*context.manager), unit_(std::move(unit)), allocator_(allocator) {
  replaced_ = context.journal.load(unit_.id);
  plan_ = plan_drop_in(context.root, context.scope, unit_, manager_.environment(), allocator);
  next_ = begin_entry(unit_.id, allocator);
  if (!context.scope.is_user)
    next_.files = preset_files(context.root, unit_.id, allocator, options.children, replaced_);
  next_.files.insert(next_.files.end(), plan_.files.begin(), plan_.files.end());
  next_.effective = plan_.effective;
  take_stock(context.root, replaced_, next_);
  refuse_unknown_drop_in();
  for (const std::string& each : manager_.running_services(units_of(unit_.id)))
    if (each == unit_.id || !context.journal.load(each)) running_.push_back(each);  // others have a switch of their own
}

bool UnitSwitch::is_in_force() const {
  return replaced_ && replaced_->complete && replaced_->allocator == next_.allocator &&
         std::all_of(next_.files.begin(), next_.files.end(),
                     [](const FileChange& file) { return file.from == file.to; });
}

std::string UnitSwitch::described() const { return describe_change(next_); }

// A file of that name which no entry knows is somebody's own.
void UnitSwitch::refuse_unknown_drop_in() const {
  if (replaced_) return;
  for (const FileChange& file : next_.files)
    if (file.from && file.from != file.to && !file.is_edit)
      throw UsageFailure(
          fmt::format("{} is there, and not by neap's journal; move it away (its settings to a file of "
                      "another name) and try again",
                      file.path));
}

void UnitSwitch::write(const std::string& part_of) {
  if (is_in_force()) return resume();
  next_.part_of = part_of;
  if (replaced_ && !replaced_->complete && replaced_->bytes_before)
    next_.bytes_before = replaced_->bytes_before;  // since then some instances may have been restarted
  else if (!running_.empty())
    next_.bytes_before = resident_bytes_of(manager_, running_);
  for (const std::string& unit : running_)
    next_.marks[unit] = mark_unit(context_.root, manager_.state(unit), manager_.processes(unit));
  apply(context_.root, context_.journal, replaced_, next_);
}

// The switch was made before and waits for its restart: should that fail, the way back is to what it replaced.
void UnitSwitch::resume() {
  next_ = *replaced_;
  replaced_ = what_it_replaced(next_);
}

void UnitSwitch::check_loaded() {
  if (is_template(unit_.id) || !plan_.preload_is_exact) return;
  const std::string got = loaded_value(context_.root, manager_.unit(unit_.id), "LD_PRELOAD");
  if (got != plan_.preload)
    throw Failure(
        fmt::format("systemd gives {} LD_PRELOAD='{}' where neap wrote '{}'; another file of the unit "
                    "overrides it (systemctl cat {})",
                    unit_.id, got, plan_.preload, unit_.id));
}

void UnitSwitch::undo() { roll_back(context_.root, context_.journal, replaced_, next_); }

void UnitSwitch::take_over(const std::vector<Entry>& parts) {
  for (const Entry& part : parts) {
    next_.marks.insert(part.marks.begin(), part.marks.end());
    if (part.bytes_before) next_.bytes_before = next_.bytes_before.value_or(0) + *part.bytes_before;
  }
}

std::vector<Entry> entries_of_steps(const Journal& journal, const std::string& template_name) {
  std::vector<BrokenEntry> told_by_status;
  std::vector<Entry> parts = journal.load_all(told_by_status);
  std::erase_if(parts, [&](const Entry& entry) { return entry.part_of != template_name; });
  return parts;
}

void UnitSwitch::finish(const std::vector<std::string>& restarted, const SwitchOptions& options) {
  next_.complete = true;
  if (!restarted.empty()) next_.bytes_after = resident_bytes_of(manager_, restarted);
  for (const std::string& unit : restarted)
    next_.marks[unit] = mark_unit(context_.root, manager_.state(unit), manager_.processes(unit));
  if (options.probation.count > 0 && next_.part_of.empty())  // the steps of a template have one probation for all
    next_.probation_until = begin_probation(manager_, unit_.id, options.probation, context_.scope.is_user);
  try {
    context_.journal.save(next_);
  } catch (const Failure& failure) {  // the switch itself is made and journalled
    context_.say(fmt::format("the memory figures are not kept: {}", failure.what()));
  }
}

}  // namespace neap
