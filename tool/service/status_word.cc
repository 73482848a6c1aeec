#include "tool/service/status_word.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "tool/allocators/library_name.h"
#include "tool/observe/health.h"
#include "tool/service/system_switch.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

// The allocator's name without settings: a process shows "jemalloc:dirty_decay_ms=0" as jemalloc.
std::string base_name(const Entry& entry) {
  if (entry.library.empty()) return "libc";
  const AllocatorRow* row = row_of_library(entry.library);
  return row != nullptr ? std::string(row->name) : std::filesystem::path(entry.library).filename().string();
}

// In quotes where the shell would expand it.
std::string in_quotes(const std::string& units) {
  return units.find('*') == std::string::npos ? units : fmt::format("'{}'", units);
}

std::string restart_of(const Entry& entry) {
  return entry.target == system_target ? "a reboot, or restarts"
                                       : fmt::format("systemctl restart {}", in_quotes(units_of(entry.target)));
}

std::string way_back(const Entry& entry) {
  return fmt::format("neap disable {} --restart gives the malloc back that it had", entry.target);
}

// True for a process that the service's own restart left running: it is no reason for another restart.
bool is_left_over(const ProcessState& process, const UnitView& unit) {
  const auto main = std::find_if(unit.looked_at.begin(), unit.looked_at.end(),
                                 [&](const ProcessState& each) { return each.pid == unit.state.main_process; });
  return main != unit.looked_at.end() && process.start_tick < main->start_tick;
}

}  // namespace

bool runs_it(const ProcessState& process, const Entry& entry) {
  if (process.allocator.empty()) return true;  // nobody can tell
  if (process.allocator == "libc (exempt)") return entry.target == system_target;
  if (!process.library.empty() && !entry.library.empty()) return process.library == entry.library;
  return process.allocator == base_name(entry);
}

Word word_of_files(const Root& root, const Entry& entry) {
  switch (standing_of(root, entry)) {
    case Standing::edited:
      return {SwitchState::edited, fmt::format("{} was changed by hand since; move it away, then neap disable {}",
                                               fmt::join(edited_files(root, entry), ", "), entry.target)};
    case Standing::before:
    case Standing::restored:
      if (!entry.complete)
        return {SwitchState::interrupted, "neap was stopped before it changed anything; run the command again"};
      return {SwitchState::restored,
              fmt::format("the files are as before neap; neap disable {} ends the journal entry", entry.target)};
    case Standing::in_force:
      break;
  }
  if (!entry.library.empty() && !std::filesystem::exists(root.at(entry.library)))
    return {SwitchState::drift,
            fmt::format("{} is gone: install it again or neap disable {}", entry.library, entry.target)};
  return {SwitchState::on, {}};
}

Word word_of_units(const Root& root, const Entry& entry, const UnitViews& units) {
  std::vector<std::string> failed;
  for (const auto& [name, unit] : units)
    if (unit.state.active_state == "failed") failed.push_back(fmt::format("{} ({})", name, unit.state.result));
  if (!failed.empty())
    return {SwitchState::failed, fmt::format("{}; {}; journalctl -u {}", fmt::join(failed, ", "), way_back(entry),
                                             in_quotes(units_of(entry.target)))};
  for (const auto& [name, unit] : units) {
    const auto mark = entry.marks.find(name);
    const std::string troubles =
        troubles_since(mark == entry.marks.end() ? UnitMark{} : mark->second, root, unit.state, unit.processes);
    if (!troubles.empty()) return {SwitchState::flapping, fmt::format("{}: {}; {}", name, troubles, way_back(entry))};
  }
  return {SwitchState::on, {}};
}

Word word_of_processes(const Entry& entry, const UnitViews& units) {
  std::vector<std::string> old, other, replaced, left_over;
  for (const auto& [name, unit] : units)
    for (const ProcessState& process : unit.looked_at) {
      const std::string text = fmt::format("{} ({})", process.pid, process.allocator);
      if (runs_it(process, entry)) {
        if (process.library_replaced) replaced.push_back(text);
      } else if (process.started > entry.since) {
        other.push_back(text);
      } else {
        (is_left_over(process, unit) ? left_over : old).push_back(text);
      }
    }
  if (!other.empty())
    return {SwitchState::drift, fmt::format("started since, yet on another: {}", fmt::join(other, ", "))};
  if (!old.empty()) return {SwitchState::pending, fmt::format("takes effect at a restart: {}", restart_of(entry))};
  if (!replaced.empty())
    return {SwitchState::outdated, fmt::format("runs the old library: restart to renew: {}", restart_of(entry))};
  if (!left_over.empty())
    return {SwitchState::on,
            fmt::format("older processes that its restart left running keep theirs: {}", fmt::join(left_over, ", "))};
  return {SwitchState::on, {}};
}

}  // namespace neap
