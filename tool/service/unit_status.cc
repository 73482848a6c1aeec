#include "tool/service/unit_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tool/service/drop_in.h"
#include "tool/service/status_word.h"
#include "tool/service/system_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

class UnitReader {
 public:
  UnitReader(const Root& root, Manager& manager, const std::vector<Entry>& entries)
      : root_(root), manager_(manager), entries_(entries) {}

  StatusRow row_of(const std::string& unit) {
    UnitView view{manager_.state(unit), manager_.processes(unit), {}};
    view.looked_at = look_at(view.processes);
    StatusRow row{unit, {}, SwitchState::not_switched, {}, 0, view.looked_at, {}, 0};
    for (const ProcessState& process : row.processes) row.bytes_now += process.resident_bytes;
    const Entry* entry = entry_of(unit);
    if (entry == nullptr) {
      if (runs_neap(row)) row.state = SwitchState::leaving;
      return row;
    }
    row.configured = entry->allocator;
    row.since = entry->since;
    const Word word = word_of(*entry, {{unit, view}});
    row.state = word.state;
    row.remark = word.remark;
    return row;
  }

 private:
  static bool runs_neap(const StatusRow& row) {
    return std::any_of(row.processes.begin(), row.processes.end(),
                       [](const ProcessState& process) { return process.allocator == "neap"; });
  }

  // A unit's own entry, else its template's, else the system's. An instance's own drop-in hides that of its template.
  const Entry* entry_of(const std::string& unit) const {
    const std::string own = fmt::format("{}/{}.d/{}", Scope().units_folder, unit, drop_in_name);
    const bool has_own = read_image(root_.at(own)).has_value();
    const Entry* found = nullptr;
    for (const Entry& entry : entries_) {
      if (entry.target == unit) return &entry;
      if (entry.target == system_target && found == nullptr) found = &entry;
      if (!has_own && entry.target == parts_of_instance(unit).template_name) found = &entry;
    }
    return found;
  }

  Word word_of(const Entry& entry, const UnitViews& unit) {
    if (const Word& word = word_of_switch(entry); word.state != SwitchState::on) return word;
    if (entry.target != system_target)
      if (Word word = word_of_units(root_, entry, unit); word.state != SwitchState::on) return word;
    if (unit.begin()->second.looked_at.empty()) return {SwitchState::stopped, "takes effect at its start"};
    return word_of_processes(entry, unit);
  }

  // What the files of a switch hold, and whether systemd has read them. It is asked once for all instances.
  const Word& word_of_switch(const Entry& entry) {
    const auto known = switches_.find(entry.target);
    if (known != switches_.end()) return known->second;
    Word word = word_of_files(root_, entry);
    if (word.state == SwitchState::on && entry.target.ends_with(".service") &&
        manager_.state(entry.target).needs_reload)
      word = {SwitchState::pending, "systemd has not read it yet: systemctl daemon-reload"};
    return switches_[entry.target] = word;
  }

  const Root& root_;
  Manager& manager_;
  const std::vector<Entry>& entries_;
  std::map<std::string, Word> switches_;
};

}  // namespace

std::vector<StatusRow> read_status_by_unit(const Root& root, const std::vector<Entry>& entries, Manager& manager,
                                           const std::vector<std::string>& stopped) {
  std::vector<std::string> units = manager.running_services("*.service");
  units.insert(units.end(), stopped.begin(), stopped.end());
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  UnitReader reader(root, manager, entries);
  std::vector<StatusRow> rows;
  for (const std::string& unit : units) rows.push_back(reader.row_of(unit));
  return rows;
}

}  // namespace neap
