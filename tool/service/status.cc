#include "tool/service/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tool/model/failure.h"
#include "tool/service/drop_in.h"
#include "tool/service/system_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

// "jemalloc:dirty_decay_ms=0" is jemalloc to whoever looks at a process.
std::string base_name(const std::string& allocator) {
  const std::string name = allocator.substr(0, allocator.find_first_of(":-"));
  return std::filesystem::path(name).filename().string();
}

bool runs_it(const ProcessState& process, const Record& record) {
  if (process.allocator.empty()) return true;  // nobody can tell
  if (process.allocator == "libc (exempt)") return record.target == system_target;
  return process.allocator == base_name(record.allocator) || (record.library.empty() && process.allocator == "libc") ||
         std::filesystem::path(record.library).filename().string().find(process.allocator) != std::string::npos;
}

// A pattern, for the shell.
std::string in_quotes(const std::string& units) {
  return units.find('*') == std::string::npos ? units : fmt::format("'{}'", units);
}

}  // namespace

Word word_of_files(const Root& root, const Record& record) {
  switch (standing_of(root, record)) {
    case Standing::edited:
      return {"edited", fmt::format("{} was changed by hand since; move it away, then neap disable {}",
                                    fmt::join(edited_files(root, record), ", "), record.target)};
    case Standing::before:
    case Standing::restored:
      if (!record.complete)
        return {"interrupted", "neap was stopped before it changed anything; run the command again"};
      return {"restored",
              fmt::format("the files are as before neap; neap disable {} ends the journal entry", record.target)};
    case Standing::in_force:
      break;
  }
  if (!record.library.empty() && !std::filesystem::exists(root.at(record.library)))
    return {"drift", fmt::format("{} is gone: install it again or neap disable {}", record.library, record.target)};
  return {"on", {}};
}

Word word_of_processes(const Record& record, const std::vector<ProcessState>& processes) {
  std::vector<std::string> old, other;
  for (const ProcessState& process : processes) {
    if (runs_it(process, record)) continue;
    (process.started <= record.since ? old : other).push_back(fmt::format("{} ({})", process.pid, process.allocator));
  }
  if (!other.empty()) return {"drift", fmt::format("started since, yet on another: {}", fmt::join(other, ", "))};
  if (!old.empty())
    return {"pending",
            fmt::format("takes effect at a restart: systemctl restart {}", in_quotes(units_of(record.target)))};
  return {"on", {}};
}

namespace {

class Reader {
 public:
  Reader(const Root& root, Manager* manager) : root_(root), manager_(manager) {
    if (manager != nullptr)
      for (const std::string& unit : manager->running_services("*.service"))
        processes_[unit] = look_at(manager->processes(unit));
  }

  StatusRow row_of(const Record& record) {
    StatusRow row{record.target, record.allocator, {}, {}, record.since, {}, record.bytes_before, 0};
    const bool is_unit = record.target.ends_with(".service");
    for (auto& [unit, processes] : processes_) {
      if (!is_unit || !is_read_for(unit, record.target)) continue;
      told_.push_back(unit);
      row.processes.insert(row.processes.end(), processes.begin(), processes.end());
    }
    Word word = word_of_files(root_, record);
    if (word.state == "on" && is_unit) {
      if (manager_ != nullptr && manager_->unit(record.target).needs_reload)
        word = {"pending", "systemd has not read it yet: systemctl daemon-reload"};
      else if (row.processes.empty())
        word = {"stopped", "takes effect at its start"};
      else
        word = word_of_processes(record, row.processes);
    }
    if (word.state == "on" && !record.complete)
      word.remark = "neap was stopped before it had verified this; neap enable with --restart does";
    row.state = word.state;
    row.remark = word.remark;
    return with_sum(std::move(row));
  }

  // The services that no record speaks of, as the system's record makes them.
  void tell_of_system(const Record& record, StatusRow& row) const {
    if (row.state != "on") return;
    std::size_t older = 0, all = 0;
    for (const auto& [unit, processes] : processes_) {
      if (is_told(unit)) continue;
      for (const ProcessState& process : processes)
        older += process.started <= record.since && !runs_it(process, record);
      all += processes.size();
      row.processes.insert(row.processes.end(), processes.begin(), processes.end());
    }
    if (older > 0)
      row.state = "pending", row.remark = fmt::format(
                                 "{} of {} processes of services are older than it; a reboot, or "
                                 "their restart, ends that",
                                 older, all);
    row = with_sum(std::move(row));
  }

  // Running services that no record speaks of. `system`: the record of a switch of the whole system that is in force.
  std::vector<StatusRow> others(const Record* system, bool all) {
    std::vector<StatusRow> rows;
    for (auto& [unit, processes] : processes_) {
      if (is_told(unit)) continue;
      if (system != nullptr) {
        const Word word = word_of_processes(*system, processes);
        if (all || word.state == "drift")
          rows.push_back(with_sum({unit, system->allocator, word.state, word.remark, system->since, processes, {}, 0}));
        continue;
      }
      const bool foreign = std::any_of(processes.begin(), processes.end(), [](const ProcessState& process) {
        return !process.allocator.empty() && process.allocator != "libc";
      });
      const bool neaps = std::any_of(processes.begin(), processes.end(),
                                     [](const ProcessState& process) { return process.allocator == "neap"; });
      if (!all && !foreign) continue;
      StatusRow row{unit, {}, "not-switched", {}, 0, processes, {}, 0};
      if (neaps)
        row.state = "leaving",
        row.remark = fmt::format("not by a drop-in of neap; if it was disabled: systemctl restart {}", unit);
      rows.push_back(with_sum(std::move(row)));
    }
    return rows;
  }

 private:
  bool is_told(const std::string& unit) const { return std::find(told_.begin(), told_.end(), unit) != told_.end(); }

  // An instance's own drop-in covers that of its template.
  bool is_read_for(const std::string& unit, const std::string& target) const {
    if (unit == target) return true;
    if (!is_template(target)) return false;
    const std::string stem = target.substr(0, target.find('@') + 1);
    return unit.starts_with(stem) && !read_image(root_.at("/etc/systemd/system/" + unit + ".d/" + drop_in_name));
  }

  static StatusRow with_sum(StatusRow row) {
    for (const ProcessState& process : row.processes) row.bytes_now += process.resident_bytes;
    return row;
  }

  const Root& root_;
  Manager* manager_;
  std::map<std::string, std::vector<ProcessState>> processes_;
  std::vector<std::string> told_;
};

}  // namespace

std::vector<StatusRow> read_status(const Root& root, const RecordStore& store, Manager* manager, bool all) {
  Reader reader(root, manager);
  std::vector<StatusRow> rows;
  const std::vector<Record> records = store.load_all();
  const Record* system = nullptr;
  for (const Record& record : records) {
    rows.push_back(reader.row_of(record));
    if (record.target == system_target && rows.back().state == "on") system = &record;
  }
  for (StatusRow& row : rows)
    if (system != nullptr && row.target == system_target) reader.tell_of_system(*system, row);
  for (StatusRow& row : reader.others(system, all)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace neap
