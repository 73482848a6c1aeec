#include "tool/service/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "tool/model/failure.h"
#include "tool/service/drop_in.h"
#include "tool/service/status_word.h"
#include "tool/service/system_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

StatusRow with_processes(StatusRow row, const UnitViews& units) {
  for (const auto& [name, unit] : units)
    row.processes.insert(row.processes.end(), unit.looked_at.begin(), unit.looked_at.end());
  for (const ProcessState& process : row.processes) row.bytes_now += process.resident_bytes;
  return row;
}

class Reader {
 public:
  Reader(const Root& root, Manager* manager, const Scope& scope) : root_(root), manager_(manager), scope_(scope) {
    if (manager == nullptr) return;
    for (const std::string& unit : manager->running_services("*.service")) {
      UnitView& view = units_[unit];
      view.processes = manager->processes(unit);
      view.looked_at = look_at(view.processes);
    }
    for (const std::string& unit : manager->failed_services("*.service")) units_[unit].state.active_state = "failed";
  }

  StatusRow row_of(const Entry& entry) {
    const bool is_unit = entry.target.ends_with(".service");
    const UnitViews units = is_unit && manager_ != nullptr ? units_of_entry(entry) : UnitViews{};
    Word word = word_of_files(root_, entry);
    if (word.state == SwitchState::on && is_unit && manager_ != nullptr) word = word_of_unit_entry(entry, units);
    if (word.state == SwitchState::on && !entry.complete)
      word.remark = "neap was stopped before it had verified this; neap enable with --restart does";
    if (word.state == SwitchState::on && word.remark.empty()) word.remark = word_of_probation(entry);
    StatusRow row{entry.target, entry.allocator, word.state, word.remark, entry.since, {}, entry.bytes_before, 0};
    row.complete = entry.complete;
    return with_processes(std::move(row), units);
  }

  // Tells of the services that no entry speaks of: the system's entry decides what they should run on.
  void tell_of_system(const Entry& entry, StatusRow& row) const {
    if (row.state != SwitchState::on) return;
    std::size_t older = 0, all = 0;
    UnitViews others;
    for (const auto& [unit, view] : units_) {
      if (told_.contains(unit)) continue;
      for (const ProcessState& process : view.looked_at)
        older += process.started <= entry.since && !runs_it(process, entry);
      all += view.looked_at.size();
      others[unit] = view;
    }
    if (older > 0) {
      row.state = SwitchState::pending;
      row.remark = fmt::format(
          "{} of {} processes of services are older than it; a reboot, or their restart, ends that", older, all);
    }
    row = with_processes(std::move(row), others);
  }

  // Running services that no entry speaks of. `system`: the entry of a switch of the whole system that is in force.
  std::vector<StatusRow> others(const Entry* system, bool all) const {
    std::vector<StatusRow> rows;
    for (const auto& [unit, view] : units_) {
      if (told_.contains(unit) || view.state.active_state == "failed") continue;
      auto [row, is_notable] = system != nullptr ? row_under(*system, unit, view) : row_without_entry(unit, view);
      if (all || is_notable) rows.push_back(with_processes(std::move(row), {{unit, view}}));
    }
    return rows;
  }

  std::size_t hidden() const {
    std::size_t count = 0;
    for (const auto& [unit, view] : units_)
      count += static_cast<std::size_t>(std::count_if(view.looked_at.begin(), view.looked_at.end(),
                                                      [](const ProcessState& each) { return each.is_hidden; }));
    return count;
  }

 private:
  UnitViews units_of_entry(const Entry& entry) {
    UnitViews found;
    for (auto& [unit, view] : units_) {
      if (!is_read_for(unit, entry.target)) continue;
      told_.insert(unit);
      view.state = manager_->state(unit);
      found[unit] = view;
    }
    return found;
  }

  Word word_of_unit_entry(const Entry& entry, const UnitViews& units) const {
    if (Word word = word_of_units(root_, entry, units); word.state != SwitchState::on) return word;
    if (manager_->state(entry.target).needs_reload)
      return {SwitchState::pending, "systemd has not read it yet: systemctl daemon-reload"};
    const bool runs =
        std::any_of(units.begin(), units.end(), [](const auto& each) { return !each.second.looked_at.empty(); });
    return runs ? word_of_processes(entry, units) : Word{SwitchState::stopped, "takes effect at its start"};
  }

  static std::string word_of_probation(const Entry& entry) {
    const std::int64_t left = entry.probation_until - std::time(nullptr);
    return left <= 0 ? std::string() : fmt::format("on probation for {} more minutes", (left + 59) / 60);
  }

  using Other = std::pair<StatusRow, bool>;  // the row, and whether it is shown unasked

  static Other row_under(const Entry& system, const std::string& unit, const UnitView& view) {
    const Word word = word_of_processes(system, {{unit, view}});
    return {{unit, system.allocator, word.state, word.remark, system.since, {}, {}, 0},
            word.state == SwitchState::drift || word.state == SwitchState::outdated};
  }

  static Other row_without_entry(const std::string& unit, const UnitView& view) {
    Other other{{unit, {}, SwitchState::not_switched, {}, 0, {}, {}, 0}, false};
    for (const ProcessState& process : view.looked_at) {
      if (process.allocator.empty() || process.allocator == "libc") continue;
      other.second = true;
      if (process.allocator != "neap") continue;
      other.first.state = SwitchState::leaving;
      other.first.remark = fmt::format("not by a drop-in of neap; if it was disabled: systemctl restart {}", unit);
    }
    return other;
  }

  // An instance's own drop-in covers that of its template.
  bool is_read_for(const std::string& unit, const std::string& target) const {
    if (unit == target) return true;
    if (!is_template(target)) return false;
    const std::string stem = target.substr(0, target.find('@') + 1);
    return unit.starts_with(stem) && !read_image(root_.at(scope_.units_folder + "/" + unit + ".d/" + drop_in_name));
  }

  const Root& root_;
  Manager* manager_;
  const Scope& scope_;
  UnitViews units_;
  std::set<std::string> told_;
};

StatusRow row_of(const BrokenEntry& broken) {
  StatusRow row;
  row.target = broken.target;
  row.state = SwitchState::broken;
  row.remark = broken.why;
  return row;
}

}  // namespace

Status read_status(const Root& root, const Journal& journal, Manager* manager, const Scope& scope, bool all) {
  Reader reader(root, manager, scope);
  Status status;
  std::vector<BrokenEntry> broken;
  const std::vector<Entry> entries = journal.load_all(broken);
  const Entry* system = nullptr;
  for (const Entry& entry : entries) {
    status.rows.push_back(reader.row_of(entry));
    if (entry.target == system_target && status.rows.back().state == SwitchState::on) system = &entry;
  }
  for (StatusRow& row : status.rows)
    if (system != nullptr && row.target == system_target) reader.tell_of_system(*system, row);
  for (const BrokenEntry& each : broken) status.rows.push_back(row_of(each));
  for (StatusRow& row : reader.others(system, all)) status.rows.push_back(std::move(row));
  for (StatusRow& row : status.rows) row.remark = scope.advice(row.remark);
  status.hidden = reader.hidden();
  return status;
}

}  // namespace neap
