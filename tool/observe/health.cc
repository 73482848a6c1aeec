#include "tool/observe/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "tool/observe/workers.h"

namespace neap {
namespace {

constexpr double young_seconds = 60;
constexpr double settled_seconds = 1;  // sooner it may be a helper of the start

struct Counter {
  const char* before_group;
  const char* file;
};
// The unified hierarchy, and the one before it.
constexpr std::array counters = {Counter{"/sys/fs/cgroup", "/memory.events"},
                                 Counter{"/sys/fs/cgroup/memory", "/memory.oom_control"}};

std::string as_text(const ProcessIdentity& worker) { return fmt::format("{} {}", worker.pid, worker.start); }

// A start by hand begins the count anew.
std::uint32_t restarts_since(const UnitMark& mark, const UnitState& state) {
  return state.restarts >= mark.restarts ? state.restarts - mark.restarts : state.restarts;
}

// True when no worker of the mark is left, and none of those there are now has lived long.
bool lost_workers(const UnitMark& mark, const std::set<ProcessIdentity>& now) {
  if (mark.workers.empty() || now.empty()) return false;
  const double moment = seconds_since_boot();
  return std::all_of(now.begin(), now.end(), [&](const ProcessIdentity& worker) {
    return moment - ticks_as_seconds(worker.start) < young_seconds &&
           std::find(mark.workers.begin(), mark.workers.end(), as_text(worker)) == mark.workers.end();
  });
}

}  // namespace

std::uint64_t oom_kills(const Root& root, const std::string& control_group) {
  if (control_group.empty()) return 0;
  for (const Counter& counter : counters) {
    std::ifstream file(root.at(counter.before_group + control_group + counter.file));
    std::string name;
    std::uint64_t count = 0;
    while (file >> name >> count)
      if (name == "oom_kill") return count;
  }
  return 0;
}

UnitMark mark_unit(const Root& root, const UnitState& state, const std::vector<UnitProcess>& processes) {
  UnitMark mark{state.invocation, state.restarts, oom_kills(root, state.control_group), {}};
  const std::set<ProcessIdentity> workers = workers_of(state.main_process, processes);
  if (keeps_workers(state.main_process, workers))
    for (const ProcessIdentity& worker : workers)
      if (seconds_since_boot() - ticks_as_seconds(worker.start) > settled_seconds)
        mark.workers.push_back(as_text(worker));
  return mark;
}

std::string troubles_since(const UnitMark& mark, const Root& root, const UnitState& state,
                           const std::vector<UnitProcess>& processes) {
  if (const std::uint32_t count = restarts_since(mark, state); count > 0)
    return fmt::format("systemd restarted it {} time{} since{}", count, count == 1 ? "" : "s",
                       state.result.empty() || state.result == "success" ? "" : fmt::format(" ({})", state.result));
  const std::uint64_t kills = oom_kills(root, state.control_group);
  if (state.invocation == mark.invocation && kills > mark.oom_kills)
    return fmt::format("the kernel killed {} process{} of it for want of memory", kills - mark.oom_kills,
                       kills - mark.oom_kills == 1 ? "" : "es");
  if (state.invocation == mark.invocation && lost_workers(mark, workers_of(state.main_process, processes)))
    return "its workers are others than at the switch and none has lived for a minute: they die, or it was reloaded";
  return {};
}

}  // namespace neap
