#include "tool/service/unit_status.h"

#include <algorithm>
#include <map>

#include "tool/service/drop_in.h"
#include "tool/service/system_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

class UnitReader {
 public:
  UnitReader(const Root& root, Manager& manager, std::vector<Record> records)
      : root_(root), manager_(manager), records_(std::move(records)) {}

  StatusRow row_of(const std::string& unit) {
    StatusRow row{unit, {}, "not-switched", {}, 0, look_at(manager_.processes(unit)), {}, 0};
    for (const ProcessState& process : row.processes) row.bytes_now += process.resident_bytes;
    const Record* record = record_of(unit);
    if (record == nullptr) {
      if (runs_neap(row)) row.state = "leaving";
      return row;
    }
    row.configured = record->allocator;
    row.since = record->since;
    Word word = word_of_switch(*record);
    if (word.state == "on" && row.processes.empty()) word = {"stopped", "takes effect at its start"};
    if (word.state == "on") word = word_of_processes(*record, row.processes);
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
    const bool has_own = read_image(root_.at("/etc/systemd/system/" + unit + ".d/" + drop_in_name)).has_value();
    const Record* found = nullptr;
    for (const Record& record : records_) {
      if (record.target == unit) return &record;
      if (record.target == system_target && found == nullptr) found = &record;
      if (!has_own && record.target == parts_of_instance(unit).template_name) found = &record;
    }
    return found;
  }

  // What the files hold, and whether systemd has read them; asked once for all instances.
  const Word& word_of_switch(const Record& record) {
    const auto known = switches_.find(record.target);
    if (known != switches_.end()) return known->second;
    Word word = word_of_files(root_, record);
    if (word.state == "on" && record.target.ends_with(".service") && manager_.unit(record.target).needs_reload)
      word = {"pending", "systemd has not read it yet: systemctl daemon-reload"};
    return switches_[record.target] = word;
  }

  const Root& root_;
  Manager& manager_;
  std::vector<Record> records_;
  std::map<std::string, Word> switches_;
};

}  // namespace

std::vector<StatusRow> read_status_by_unit(const Root& root, const RecordStore& store, Manager& manager,
                                           const std::vector<std::string>& stopped) {
  std::vector<std::string> units = manager.running_services("*.service");
  units.insert(units.end(), stopped.begin(), stopped.end());
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  UnitReader reader(root, manager, store.load_all());
  std::vector<StatusRow> rows;
  for (const std::string& unit : units) rows.push_back(reader.row_of(unit));
  return rows;
}

}  // namespace neap
