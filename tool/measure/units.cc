#include "tool/measure/units.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include "tool/measure/child.h"
#include "tool/measure/clock.h"
#include "tool/measure/process_reader.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* control_groups = "/sys/fs/cgroup";

std::string find_systemctl() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const std::string file = folder + "/systemctl"; ::access(file.c_str(), X_OK) == 0) return file;
  throw Failure("systemctl was not found in PATH: an experiment needs services that systemd runs");
}

std::string ask_systemctl(std::vector<std::string> arguments) {
  const File answer(::memfd_create("systemctl", 0));
  ChildOptions options;
  options.output_file = fmt::format("/proc/self/fd/{}", answer.get());
  arguments.insert(arguments.begin(), "systemctl");
  const auto end = wait_child(start_child(find_systemctl(), arguments, own_environment(), options));
  if (end->exit_code != 0)
    throw Failure(fmt::format("systemctl {} ended with exit code {}", arguments[1], end->exit_code));
  std::string text;
  std::array<char, 4096> buffer;
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(answer.get(), buffer.data(), buffer.size(), at);
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    at += got;
  }
}

std::vector<pid_t> processes_of(const std::string& control_group, pid_t main_process) {
  std::vector<pid_t> processes;
  std::ifstream members(control_groups + control_group + "/cgroup.procs");
  if (!control_group.empty())
    for (pid_t pid = 0; members >> pid;) processes.push_back(pid);
  if (main_process > 0 && std::find(processes.begin(), processes.end(), main_process) == processes.end())
    processes.push_back(main_process);
  return processes;
}

}  // namespace

std::vector<std::string> find_units(const std::vector<std::string>& patterns) {
  std::vector<std::string> arguments{"list-units", "--all", "--type=service", "--plain", "--no-legend", "--no-pager"};
  arguments.insert(arguments.end(), patterns.begin(), patterns.end());
  std::istringstream lines(ask_systemctl(std::move(arguments)));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);)
    if (const std::string name = line.substr(0, line.find(' ')); !name.empty()) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<UnitState> look_at_units(const std::vector<std::string>& names) {
  std::vector<std::string> arguments{"show", "--property=Id,MainPID,ControlGroup"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  std::istringstream lines(ask_systemctl(std::move(arguments)));
  std::map<std::string, std::map<std::string, std::string>> properties;  // by unit; its properties end at a blank line
  std::map<std::string, std::string> one;
  const auto close = [&] {
    if (const auto id = one.find("Id"); id != one.end()) properties[id->second] = one;
    one.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (line.empty()) close();
    if (equals != std::string::npos) one[line.substr(0, equals)] = line.substr(equals + 1);
  }
  close();
  std::vector<UnitState> states;
  for (const std::string& name : names) {
    UnitState& state = states.emplace_back(UnitState{name, 0, {}, {}});
    auto& found = properties[name];
    state.main_process = static_cast<pid_t>(std::strtol(found["MainPID"].c_str(), nullptr, 10));
    state.control_group = found["ControlGroup"];
    state.processes = processes_of(state.control_group, state.main_process);
  }
  return states;
}

UnitProcesses::UnitProcesses(const std::string& unit) : unit_(unit) {
  const UnitState state = look_at_units({unit}).front();
  if (state.main_process == 0 && state.processes.empty())
    throw UsageFailure(fmt::format("{} does not run; see: systemctl status {}", unit, unit));
  control_group_ = state.control_group;
  seen_ = state.processes;
}

std::vector<pid_t> UnitProcesses::now() {
  if (!control_group_.empty()) return processes_of(control_group_, 0);
  if (const Seconds time = monotonic_now(); time >= next_question_) {
    seen_ = look_at_units({unit_}).front().processes;
    next_question_ = time + Seconds{1};
  }
  return seen_;
}

Bytes resident_memory(const UnitState& unit) {
  Bytes sum;
  for (const pid_t pid : unit.processes) {
    Sample sample;
    if (ProcessReader reader(pid); reader.read_basics(sample)) sum += sample.rss;
  }
  return sum;
}

}  // namespace neap
