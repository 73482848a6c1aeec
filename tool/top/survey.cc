#include "tool/top/survey.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tool/inspect/live_process.h"
#include "tool/model/failure.h"
#include "tool/verdict/look.h"

namespace neap {
namespace {

constexpr int start_time_field = 22;                 // of /proc/PID/stat
constexpr double cpu_for_a_byte = 0.4 / (1u << 30);  // of a first walk: a guess, until it was measured
constexpr double least_cost = 0.002;

// Seconds since boot at which it started; 0 when it is gone.
double started_at(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat, field;
  std::getline(file, stat);
  const auto behind_name = stat.rfind(')');
  if (behind_name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(behind_name + 1));
  for (int number = 3; number <= start_time_field; ++number) fields >> field;
  return std::strtod(field.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double seconds_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string allocator_of(const Look& look) {
  if (look.heaps.empty()) return look.unread.empty() ? "-" : look.unread[0].name;
  return look.heaps[0].allocator;
}

}  // namespace

void Survey::refresh() {
  std::vector<FoundProcess> found;
  try {
    found = target_.empty() ? all_processes() : find_processes(target_);
  } catch (const UsageFailure&) {
    if (processes_.empty()) throw;  // later it merely means that the last of them has ended
  }
  const double now = (monotonic_now() - begin_).count, boot = seconds_since_boot();
  std::map<pid_t, Tracked> next;
  for (const FoundProcess& process : found) {
    const double started = started_at(process.pid);
    const auto known = processes_.find(process.pid);
    Tracked tracked;
    if (known != processes_.end() && known->second.started == started)
      tracked = std::move(known->second);
    else
      tracked.started = started, tracked.seen_first = now, tracked.resident_first = process.resident;
    tracked.row.pid = process.pid;
    tracked.row.name = process.name;
    tracked.row.resident = process.resident;
    tracked.row.age = boot - started;
    const double seen_for = now - tracked.seen_first;
    const double grown = static_cast<double>(process.resident) - static_cast<double>(tracked.resident_first);
    tracked.row.growth = seen_for > 0 ? grown / seen_for : 0;
    next.emplace(process.pid, std::move(tracked));
  }
  processes_ = std::move(next);
}

void Survey::walk(Tracked& process) {
  const Seconds before = own_cpu_now();
  try {
    LiveProcess space(process.row.pid);
    const Look look = look_at(space, process.row.pid, process.row.name);
    process.row.allocator = allocator_of(look);
    process.row.walked = {look.proportional, look.live(), look.waste(), look.swapped, (monotonic_now() - begin_).count};
  } catch (const Failure&) {
    process.row.allocator = "?";
    process.refused = true;
  }
  process.cost = (own_cpu_now() - before).count;
}

void Survey::walk_all() {
  for (auto& [pid, process] : processes_) walk(process);
}

// The process whose picture is the most out of date. Its age counts as much as its size: a gigabyte is looked at again
// ten times as often as 100 MB.
Survey::Tracked* Survey::most_wanted() {
  Tracked* wanted = nullptr;
  double most = 0;
  const double now = (monotonic_now() - begin_).count;
  for (auto& [pid, process] : processes_) {
    if (process.refused) continue;
    const double age = process.row.walked ? now - process.row.walked->at : 1e6;
    const double weight = age * static_cast<double>(process.row.resident);
    if (weight > most) most = weight, wanted = &process;
  }
  return wanted;
}

void Survey::walk_some(CpuBudget& budget) {
  for (std::size_t walks = processes_.size(); walks > 0; --walks) {
    Tracked* process = most_wanted();
    if (process == nullptr) return;
    const double guess = static_cast<double>(process->row.resident) * cpu_for_a_byte;
    const double cost = process->cost > 0 ? process->cost : std::max(guess, least_cost);
    if (!budget.allows({cost})) return;
    budget.charge([&] { walk(*process); });
  }
}

std::vector<SurveyRow> Survey::rows() const {
  std::vector<SurveyRow> rows;
  for (const auto& [pid, process] : processes_) rows.push_back(process.row);
  return rows;
}

}  // namespace neap
