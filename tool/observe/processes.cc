#include "tool/observe/processes.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tool/allocators/detect.h"

namespace neap {
namespace {

// Fields of /proc/PID/stat.
constexpr int first_field_after_name = 3;
constexpr int parent_field = 4;
constexpr int start_time_field = 22;

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

std::int64_t started_at(const ProcessIdentity& process) {
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return static_cast<std::int64_t>(now - seconds_since_boot() + ticks_as_seconds(process.start));
}

// Between fork and exec, and as "(sd-pam)" beside a unit with PAMName=, a process of the unit is systemd itself, which
// puts its name in brackets. What it runs says nothing of the unit.
bool is_still_systemd(pid_t pid) {
  std::error_code ignored;
  const std::string program = std::filesystem::read_symlink(proc(pid, "exe"), ignored).filename().string();
  return program.starts_with("systemd") && first_line(proc(pid, "comm")).starts_with('(');
}

}  // namespace

std::optional<ProcessFacts> read_process(pid_t pid) {
  const std::string stat = first_line(proc(pid, "stat"));
  const auto name = stat.find('('), after_name = stat.rfind(')');
  if (name == std::string::npos || after_name == std::string::npos) return std::nullopt;
  ProcessFacts facts{{pid, 0}, stat.substr(name + 1, after_name - name - 1), 0};
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  for (int number = first_field_after_name; number <= start_time_field && fields >> field; ++number) {
    if (number == parent_field) facts.parent = std::stoi(field);
    if (number == start_time_field) facts.identity.start = std::stoull(field);
  }
  return facts;
}

double seconds_since_boot() {
  double uptime = 0;
  std::istringstream(first_line("/proc/uptime")) >> uptime;
  return uptime;
}

double ticks_as_seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::set<ProcessIdentity> identities(const std::vector<UnitProcess>& processes) {
  std::set<ProcessIdentity> found;
  for (const UnitProcess& process : processes)
    if (const auto facts = read_process(process.pid)) found.insert(facts->identity);
  return found;
}

std::vector<ProcessState> look_at(const std::vector<UnitProcess>& processes) {
  std::vector<ProcessState> states;
  for (const UnitProcess& process : processes) {
    const auto facts = read_process(process.pid);
    const std::uint64_t resident = resident_of(process.pid);
    if (!facts || resident == 0 || is_still_systemd(process.pid)) continue;
    ProcessState state{process.pid,          facts->name, {}, {}, false, false, resident, started_at(facts->identity),
                       facts->identity.start};
    state.is_hidden = ::access(proc(process.pid, "map_files").c_str(), R_OK) != 0;
    if (const auto allocator = detect_allocator(process.pid)) {
      state.allocator = allocator->label;
      state.library = allocator->library;
      state.library_replaced = allocator->replaced;
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::uint64_t resident_bytes(const std::vector<UnitProcess>& processes) {
  std::uint64_t sum = 0;
  for (const UnitProcess& process : processes) sum += resident_of(process.pid);
  return sum;
}

Examination examine(const std::vector<UnitProcess>& processes, const Allocator& allocator,
                    const std::set<ProcessIdentity>& older) {
  Examination found;
  for (const UnitProcess& process : processes) {
    const auto facts = read_process(process.pid);
    if (!facts || is_still_systemd(process.pid)) continue;
    if (older.contains(facts->identity)) {
      found.passed_over.push_back(process);
      continue;
    }
    Verification verification = verify_allocator(process.pid, allocator);
    if (verification.verdict == Verdict::serves) ++found.verified;
    if (verification.verdict == Verdict::serves || verification.verdict == Verdict::ended) continue;
    found.misfits.push_back({process, std::move(verification)});
  }
  return found;
}

}  // namespace neap
