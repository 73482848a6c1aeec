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
  UnitReader(const Root& root, Manager& manager, const std::vector<Record>& records)
      : root_(root), manager_(manager), records_(records) {}

  StatusRow row_of(const std::string& unit) {
    UnitView view{manager_.state(unit), manager_.processes(unit), {}};
    view.looked_at = look_at(view.processes);
    StatusRow row{unit, {}, SwitchState::not_switched, {}, 0, view.looked_at, {}, 0};
    for (const ProcessState& process : row.processes) row.bytes_now += process.resident_bytes;
    const Record* record = record_of(unit);
    if (record == nullptr) {
      if (runs_neap(row)) row.state = SwitchState::leaving;
      return row;
    }
    row.configured = record->allocator;
    row.since = record->since;
    const Word word = word_of(*record, {{unit, view}});
    row.state = word.state;
    row.remark = word.remark;
    return row;
  }

 private:
  static bool runs_neap(const StatusRow& row) {
    return std::any_of(row.processes.begin(), row.processes.end(),
                       [](const ProcessState& process) { return process.allocator == "neap"; });
  }

  // Its own record, else its template's, else the system's. An instance's own drop-in covers that of its template.
  const Record* record_of(const std::string& unit) const {
    const std::string own = fmt::format("{}/{}.d/{}", Scope().units_folder, unit, drop_in_name);
    const bool has_own = read_image(root_.at(own)).has_value();
    const Record* found = nullptr;
    for (const Record& record : records_) {
      if (record.target == unit) return &record;
      if (record.target == system_target && found == nullptr) found = &record;
      if (!has_own && record.target == parts_of_instance(unit).template_name) found = &record;
    }
    return found;
  }

  Word word_of(const Record& record, const UnitViews& unit) {
    if (const Word& word = word_of_switch(record); word.state != SwitchState::on) return word;
    if (record.target != system_target)
      if (Word word = word_of_units(root_, record, unit); word.state != SwitchState::on) return word;
    if (unit.begin()->second.looked_at.empty()) return {SwitchState::stopped, "takes effect at its start"};
    return word_of_processes(record, unit);
  }

  // What the files hold, and whether systemd has read them; asked once for all instances.
  const Word& word_of_switch(const Record& record) {
    const auto known = switches_.find(record.target);
    if (known != switches_.end()) return known->second;
    Word word = word_of_files(root_, record);
    if (word.state == SwitchState::on && record.target.ends_with(".service") &&
        manager_.state(record.target).needs_reload)
      word = {SwitchState::pending, "systemd has not read it yet: systemctl daemon-reload"};
    return switches_[record.target] = word;
  }

  const Root& root_;
  Manager& manager_;
  const std::vector<Record>& records_;
  std::map<std::string, Word> switches_;
};

}  // namespace

std::vector<StatusRow> read_status_by_unit(const Root& root, const std::vector<Record>& records, Manager& manager,
                                           const std::vector<std::string>& stopped) {
  std::vector<std::string> units = manager.running_services("*.service");
  units.insert(units.end(), stopped.begin(), stopped.end());
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  UnitReader reader(root, manager, records);
  std::vector<StatusRow> rows;
  for (const std::string& unit : units) rows.push_back(reader.row_of(unit));
  return rows;
}

}  // namespace neap
