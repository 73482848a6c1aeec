#include "tool/service/processes.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tool/allocators/detect.h"

namespace neap {
namespace {

constexpr int start_time_field = 22;  // of /proc/PID/stat

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::uint64_t resident_of(pid_t pid) {
  std::istringstream fields(first_line(proc(pid, "statm")));
  std::uint64_t all = 0, resident = 0;
  fields >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::int64_t started_at(pid_t pid) {
  const std::string stat = first_line(proc(pid, "stat"));
  const auto after_name = stat.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  for (int number = 3; number <= start_time_field; ++number) fields >> field;
  double uptime = 0;
  std::istringstream(first_line("/proc/uptime")) >> uptime;
  const double since_boot = std::atof(field.c_str()) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return static_cast<std::int64_t>(now - uptime + since_boot);
}

// Between fork and exec, and as "(sd-pam)" beside a unit with PAMName=, a process of the unit is systemd itself, which
// puts its name in brackets. What it runs says nothing of the unit.
bool is_still_systemd(pid_t pid) {
  std::error_code ignored;
  const std::string program = std::filesystem::read_symlink(proc(pid, "exe"), ignored).filename().string();
  return program.starts_with("systemd") && first_line(proc(pid, "comm")).starts_with('(');
}

}  // namespace

std::vector<ProcessState> look_at(const std::vector<UnitProcess>& processes) {
  std::vector<ProcessState> states;
  for (const UnitProcess& process : processes) {
    ProcessState state{
        process.pid, first_line(proc(process.pid, "comm")), {}, resident_of(process.pid), started_at(process.pid)};
    if (state.name.empty() || state.resident_bytes == 0 || is_still_systemd(process.pid)) continue;
    if (const auto allocator = detect_allocator(process.pid)) state.allocator = allocator->label;
    states.push_back(std::move(state));
  }
  return states;
}

std::uint64_t resident_bytes(const std::vector<UnitProcess>& processes) {
  std::uint64_t sum = 0;
  for (const UnitProcess& process : processes) sum += resident_of(process.pid);
  return sum;
}

std::vector<Misfit> misfits(const std::vector<UnitProcess>& processes, const Allocator& allocator) {
  std::vector<Misfit> found;
  for (const UnitProcess& process : processes) {
    if (is_still_systemd(process.pid)) continue;
    Verification verification = verify_allocator(process.pid, allocator);
    if (verification.verdict == Verdict::serves || verification.verdict == Verdict::ended) continue;
    found.push_back({process, std::move(verification)});
  }
  return found;
}

}  // namespace neap
