#include "tool/commands/host_metrics.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "tool/allocators/table.h"
#include "tool/experiment/experiment_file.h"
#include "tool/measure/clock.h"
#include "tool/measure/control_group.h"
#include "tool/measure/unit_memory.h"
#include "tool/model/failure.h"
#include "tool/service/status_word.h"
#include "tool/service/unit_status.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

struct Membership {
  std::string experiment, group;
};
using Memberships = std::map<std::string, Membership>;  // by unit

// Where two experiments name a unit, the last by name holds it: Prometheus takes one series of a name.
Memberships read_memberships(const std::string& folder) {
  Memberships members;
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".neapexp") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) try {
      const Experiment experiment = read_assignment(file.string());
      for (const Instance& instance : experiment.instances) members[instance.name] = {experiment.name, instance.group};
    } catch (const Failure&) {
      continue;  // of a newer neap, or half copied: the figures of the services do not depend on it
    }
  return members;
}

bool is_switched(const std::string& service, const std::vector<Entry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.target == service || entry.target == parts_of_instance(service).template_name;
  });
}

bool runs_another_than_libc(const StatusRow& row) {
  return std::any_of(row.processes.begin(), row.processes.end(), [](const ProcessState& process) {
    return !process.allocator.empty() && process.allocator != "libc";
  });
}

// "libc", or "libc,neap" where the processes differ.
std::string running_of(const StatusRow& row) {
  std::set<std::string> names;
  for (const ProcessState& process : row.processes)
    names.insert(process.allocator.empty() ? "unknown" : process.allocator);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

constexpr auto library_stems = [] {
  std::array<std::string_view, allocator_table.size()> stems{};
  std::ranges::transform(allocator_table, stems.begin(), &AllocatorRow::stem);
  return stems;
}();

UnitMetrics metrics_of(const StatusRow& row, const UnitVitals& vitals, const Memberships& members) {
  constexpr std::uint64_t microseconds = 1'000'000;
  UnitMetrics unit;
  unit.unit = row.target;
  unit.configured = row.configured;
  unit.running = running_of(row);
  unit.state = word_of(row.state);
  if (const auto member = members.find(row.target); member != members.end())
    unit.experiment = member->second.experiment, unit.group = member->second.group;
  unit.failed = vitals.active_state == "failed";
  unit.restarts = vitals.restarts;
  unit.processes = row.processes.size();
  if (row.since > 0) unit.switched = Moment{row.since};
  if (row.processes.empty()) return unit;
  if (vitals.active_since_us > 0)
    unit.started = Moment{static_cast<std::int64_t>(vitals.active_since_us / microseconds)};
  std::vector<pid_t> processes;
  for (const ProcessState& process : row.processes) processes.push_back(process.pid);
  unit.memory = read_unit_memory(processes, library_stems);
  if (!vitals.control_group.empty())
    unit.control_group = read_control_group(control_group_folder(vitals.control_group));
  return unit;
}

std::vector<SwitchMetrics> switches_of(const Root& root, const std::vector<Entry>& entries) {
  std::vector<SwitchMetrics> switches;
  for (const Entry& entry : entries) {
    SwitchMetrics& each = switches.emplace_back();
    each.target = entry.target;
    each.allocator = entry.allocator;
    each.state = word_of(word_of_files(root, entry).state);
    each.at = {entry.since};
    each.complete = entry.complete;
    if (entry.bytes_before) each.resident_before = Bytes{*entry.bytes_before};
  }
  return switches;
}

// The control group of a slice is above those of its units.
void add_slice(const UnitVitals& vitals, std::vector<SliceMetrics>& slices) {
  const auto known = [&](const SliceMetrics& each) { return each.slice == vitals.slice; };
  if (vitals.slice.empty() || vitals.control_group.empty() || std::any_of(slices.begin(), slices.end(), known)) return;
  const std::string folder = fs::path(control_group_folder(vitals.control_group)).parent_path().string();
  if (const auto kills = oom_kills_below(folder)) slices.push_back({vitals.slice, *kills});
}

}  // namespace

HostMetrics read_host_metrics(const Workplace& workplace, const MetricsScope& scope,
                              const std::string& experiments_folder) {
  const Seconds begin = monotonic_now();
  const SwitchContext& context = workplace.context;
  Manager& manager = *workplace.manager;
  std::vector<BrokenEntry> broken;
  const std::vector<Entry> entries = context.journal.load_all(broken);
  const Memberships members = read_memberships(experiments_folder);
  const auto wanted = [&](const std::string& unit) {
    return members.contains(unit) || is_switched(unit, entries) || fits_any(unit, scope.patterns);
  };
  std::vector<std::string> known = manager.loaded_services();
  std::erase_if(known, [&](const std::string& unit) { return !wanted(unit); });
  HostMetrics host;
  for (const StatusRow& row : read_status_by_unit(context.root, entries, manager, known)) {
    if (!scope.all && row.since == 0 && !wanted(row.target) && !runs_another_than_libc(row)) continue;
    const UnitVitals vitals = manager.vitals(row.target);
    host.units.push_back(metrics_of(row, vitals, members));
    add_slice(vitals, host.slices);
  }
  host.switches = switches_of(context.root, entries);
  for (const BrokenEntry& each : broken) {
    SwitchMetrics& told = host.switches.emplace_back();
    told.target = each.target;
    told.state = word_of(SwitchState::broken);
  }
  host.scan = monotonic_now() - begin;
  return host;
}

}  // namespace neap
