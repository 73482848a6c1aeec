#include "tool/observe/processes.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tool/allocators/detect.h"
#include "tool/measure/process_reader.h"

namespace neap {
namespace {

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::uint64_t resident_of(pid_t pid) {
  Sample sample;
  return ProcessReader(pid).read_basics(sample) ? sample.rss.count : 0;
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
  ProcessReader reader(pid);
  if (!reader.read_identity()) return std::nullopt;
  return ProcessFacts{{pid, reader.start_tick()}, reader.name(), reader.parent_pid()};
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
