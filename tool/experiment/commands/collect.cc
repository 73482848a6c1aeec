#include <fmt/format.h>

#include <memory>

#include "tool/allocators/detect.h"
#include "tool/allocators/resolve.h"
#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/experiment/experiment_file.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/observe/processes.h"
#include "tool/systemd/manager.h"

namespace neap {
namespace {

constexpr const char* footer =
    "One reading of each running instance: the resident memory of all its processes, and whether it runs on its\n"
    "group's allocator. Run it every few minutes from cron or a systemd timer.";

// Only instances that were switched have an allocator to hold them to.
std::optional<bool> runs_as_assigned(pid_t main_process, const Instance& instance) {
  if (!instance.switched_at) return std::nullopt;
  const auto detected = detect_allocator(main_process);
  if (!detected) return std::nullopt;
  try {
    return is_same(*detected, resolve_allocator(instance.group));
  } catch (const Failure&) {
    return std::nullopt;  // its library is gone from this machine
  }
}

int collect(const std::string& name, const std::string& folder, const Invocation& invocation) {
  const std::string path = experiment_path(folder, name);
  const Experiment experiment = read_experiment(path);
  const std::vector<Instance>& instances = experiment.instances;
  const std::unique_ptr<Manager> systemd = connect_to_systemd();
  const Moment at = this_moment();
  std::vector<Reading> readings;
  for (std::size_t instance = 0; instance < instances.size(); ++instance) {
    const pid_t main_process = systemd->state(instances[instance].name).main_process;
    const Bytes rss{resident_bytes(systemd->processes(instances[instance].name))};
    if (main_process == 0 || rss.count == 0) continue;
    readings.push_back({at, instance, rss, runs_as_assigned(main_process, instances[instance])});
  }
  if (readings.empty())
    throw Failure(fmt::format("no instance of '{}' runs; see: systemctl status {}", name, instances.front().name));
  ExperimentFile(path).add(readings);
  if (invocation.json)
    fmt::print("{{\"unix_s\": {}, \"readings\": {}, \"instances\": {}}}\n", at.unix_s, readings.size(),
               instances.size());
  else if (!invocation.quiet && readings.size() < instances.size())
    tell(fmt::format("{} of {} instances do not run and were not read", instances.size() - readings.size(),
                     instances.size()));
  return 0;
}

}  // namespace

VerbBody define_experiment_collect(CommandLine& command, const Invocation& invocation) {
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "An experiment of neap experiment init").required();
  auto folder = add_folder_option(command);
  command.footer(footer);
  return [name, folder, &invocation] { return collect(*name, *folder, invocation); };
}

}  // namespace neap
