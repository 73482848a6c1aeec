#include "tool/measure/control_group.h"

#include <filesystem>
#include <fstream>
#include <string_view>

namespace neap {
namespace {

namespace fs = std::filesystem;

// Where cgroup2 is mounted: for itself, or beside the older hierarchies.
constexpr const char* mount_points[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

// "KEY VALUE" lines.
std::optional<std::uint64_t> value_in(const std::string& file, std::string_view key) {
  std::ifstream lines(file);
  std::string name;
  std::uint64_t value = 0;
  while (lines >> name >> value)
    if (name == key) return value;
  return std::nullopt;
}

std::optional<Bytes> bytes_in(const std::string& file) {
  std::ifstream line(file);
  std::uint64_t value = 0;
  if (!(line >> value)) return std::nullopt;  // "max" is no limit
  return Bytes{value};
}

std::optional<Bytes> as_bytes(std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  return Bytes{*value};
}

void add_members(const std::string& folder, std::vector<pid_t>& processes) {
  std::ifstream members(folder + "/cgroup.procs");
  for (pid_t pid = 0; members >> pid;) processes.push_back(pid);
}

}  // namespace

std::string control_group_folder(const std::string& name) {
  std::error_code ignored;
  for (const std::string mount_point : mount_points)
    if (fs::exists(mount_point + "/cgroup.procs", ignored)) return mount_point + name;
  return mount_points[0] + name;
}

std::vector<pid_t> processes_below(const std::string& folder) {
  std::vector<pid_t> processes;
  add_members(folder, processes);
  std::error_code ended;  // a group may go away meanwhile
  for (fs::recursive_directory_iterator each(folder, ended), end; !ended && each != end; each.increment(ended))
    if (std::error_code ignored; each->is_directory(ignored)) add_members(each->path().string(), processes);
  return processes;
}

UnitControlGroup read_control_group(const std::string& folder) {
  constexpr double microseconds = 1e6;
  UnitControlGroup group;
  group.anonymous = as_bytes(value_in(folder + "/memory.stat", "anon"));
  group.file = as_bytes(value_in(folder + "/memory.stat", "file"));
  group.peak = bytes_in(folder + "/memory.peak");
  group.limit = bytes_in(folder + "/memory.max");
  group.oom_kills = oom_kills_below(folder);
  if (const auto used = value_in(folder + "/cpu.stat", "usage_usec"))
    group.cpu = Seconds{static_cast<double>(*used) / microseconds};
  return group;
}

std::optional<std::uint64_t> oom_kills_below(const std::string& folder) {
  return value_in(folder + "/memory.events", "oom_kill");
}

}  // namespace neap
