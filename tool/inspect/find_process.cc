#include "tool/inspect/find_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tool/inspect/rights.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

std::string first_line(pid_t pid, const char* file) {
  std::ifstream stream(fmt::format("/proc/{}/{}", pid, file));
  std::string line;
  std::getline(stream, line);
  return line;
}

std::uint64_t resident_of(pid_t pid) {
  unsigned long long all = 0, resident = 0;
  if (std::sscanf(first_line(pid, "statm").c_str(), "%llu %llu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos && text.size() < 10;
}

// "0::/system.slice/tor.service"
bool is_in_unit(pid_t pid, const std::string& unit) {
  std::ifstream groups(fmt::format("/proc/{}/cgroup", pid));
  for (std::string line; std::getline(groups, line);)
    if ((line + "/").find("/" + unit + "/") != std::string::npos) return true;
  return false;
}

bool is_program(pid_t pid, const std::string& comm, const std::string& name) {
  if (comm == name) return true;
  std::error_code ignored;
  return std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), ignored).filename() == name;
}

}  // namespace

std::vector<FoundProcess> all_processes() {
  std::vector<FoundProcess> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string number = entry.path().filename();
    if (!is_number(number)) continue;
    FoundProcess process{static_cast<pid_t>(std::stol(number)), {}, 0};
    process.name = first_line(process.pid, "comm");
    process.resident = resident_of(process.pid);
    if (process.resident > 0 && process.pid != ::getpid()) found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.resident > b.resident; });
  return found;
}

std::vector<FoundProcess> find_processes(const std::string& target) {
  if (is_number(target)) {
    const auto pid = static_cast<pid_t>(std::stol(target));
    FoundProcess process{pid, first_line(pid, "comm"), resident_of(pid)};
    if (process.resident == 0) throw_no_rights(pid, 0);
    return {std::move(process)};
  }
  const bool is_unit = target.find('.') != std::string::npos && target.find('/') == std::string::npos;
  const std::vector<FoundProcess> all = all_processes();
  std::vector<FoundProcess> found;
  const auto keep = [&](auto fits) { std::copy_if(all.begin(), all.end(), std::back_inserter(found), fits); };
  keep([&](const FoundProcess& p) { return is_in_unit(p.pid, is_unit ? target : target + ".service"); });
  if (found.empty()) keep([&](const FoundProcess& p) { return is_program(p.pid, p.name, target); });
  if (found.empty())
    throw UsageFailure(
        fmt::format("no process, program or unit '{}' runs here (a number, a name as in ps, or a unit "
                    "as in systemctl)",
                    target));
  return found;
}

}  // namespace neap
