#include "tool/observe/workers.h"

#include <algorithm>
#include <filesystem>

namespace neap {
namespace {

constexpr double with_main_seconds = 2;  // workers are started with their service within this
constexpr double long_lived_seconds = 60;
constexpr std::size_t least_deaths = 3;

std::filesystem::path program_of(pid_t pid) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", ignored);
}

}  // namespace

std::set<ProcessIdentity> workers_of(pid_t main_process, const std::vector<UnitProcess>& processes) {
  std::set<ProcessIdentity> workers;
  const std::filesystem::path program = program_of(main_process);
  for (const UnitProcess& process : processes) {
    const auto facts = read_process(process.pid);
    if (facts && facts->parent == main_process && program_of(process.pid) == program) workers.insert(facts->identity);
  }
  return workers;
}

bool keeps_workers(pid_t main_process, const std::set<ProcessIdentity>& workers) {
  const auto main = read_process(main_process);
  if (!main || workers.empty()) return false;
  const double now = seconds_since_boot();
  return std::all_of(workers.begin(), workers.end(), [&](const ProcessIdentity& worker) {
    const double after_main = ticks_as_seconds(worker.start) - ticks_as_seconds(main->identity.start);
    return after_main < with_main_seconds || now - ticks_as_seconds(worker.start) > long_lived_seconds;
  });
}

void WorkerDeaths::look(const std::set<ProcessIdentity>& workers) {
  for (auto each = alive_.begin(); each != alive_.end();) {
    if (workers.contains(each->first)) {
      ++each;
    } else {
      each = alive_.erase(each);
      ++died_;
    }
  }
  for (const ProcessIdentity& worker : workers) alive_.try_emplace(worker, died_);
}

bool WorkerDeaths::is_a_loop() const {
  const std::size_t many = std::max(least_deaths, 2 * alive_.size());
  return died_ >= many && std::all_of(alive_.begin(), alive_.end(),
                                      [&](const auto& worker) { return died_ - worker.second <= many / 2; });
}

}  // namespace neap
