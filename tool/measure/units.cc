#include "tool/measure/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "tool/measure/answer.h"
#include "tool/measure/clock.h"
#include "tool/measure/control_group.h"
#include "tool/measure/process_reader.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

std::string ask_systemctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "systemctl");
  Answer answer = ask_program(arguments, "an experiment needs services that systemd runs");
  if (answer.exit_code != 0)
    throw Failure(fmt::format("systemctl {} ended with exit code {}", arguments[1], answer.exit_code));
  return std::move(answer.text);
}

std::vector<pid_t> processes_of(const std::string& control_group, pid_t main_process) {
  std::vector<pid_t> processes;
  if (!control_group.empty()) processes = processes_below(control_group_folder(control_group));
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

std::vector<MeasuredUnit> look_at_units(const std::vector<std::string>& names) {
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
  std::vector<MeasuredUnit> states;
  for (const std::string& name : names) {
    MeasuredUnit& state = states.emplace_back(MeasuredUnit{name, 0, {}, {}});
    auto& found = properties[name];
    state.main_process = static_cast<pid_t>(std::strtol(found["MainPID"].c_str(), nullptr, 10));
    state.control_group = found["ControlGroup"];
    state.processes = processes_of(state.control_group, state.main_process);
  }
  return states;
}

UnitProcesses::UnitProcesses(const std::string& unit) : unit_(unit) {
  const MeasuredUnit state = look_at_units({unit}).front();
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

Bytes resident_memory(const MeasuredUnit& unit) {
  Bytes sum;
  for (const pid_t pid : unit.processes) {
    Sample sample;
    if (ProcessReader reader(pid); reader.read_basics(sample)) sum += sample.rss;
  }
  return sum;
}

}  // namespace neap
