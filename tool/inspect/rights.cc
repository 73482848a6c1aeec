#include "tool/inspect/rights.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "tool/model/failure.h"

namespace neap {
namespace {

struct Status {
  std::string name;
  char state = '?';
  uid_t user = 0;
  bool has_memory = false;
};

Status status_of(pid_t pid) {
  Status status;
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Name:")) status.name = line.substr(line.find_first_not_of("\t ", 5));
    if (line.starts_with("State:")) status.state = line[line.find_first_not_of("\t ", 6)];
    if (line.starts_with("Uid:")) status.user = static_cast<uid_t>(std::strtoul(line.c_str() + 4, nullptr, 10));
    if (line.starts_with("VmSize:")) status.has_memory = true;
  }
  return status;
}

// 1 or 2 where yama keeps processes of one user from each other, 3 where it keeps all from all.
int yama_scope() {
  std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
  int scope = 0;
  file >> scope;
  return scope;
}

}  // namespace

void throw_no_rights(pid_t pid, int error) {
  const Status status = status_of(pid);
  if (status.name.empty()) throw UsageFailure(fmt::format("no process {}", pid));
  const std::string who = fmt::format("process {} ({})", pid, status.name);
  if (status.state == 'Z') throw UsageFailure(fmt::format("{} has ended and waits for its parent", who));
  if (!status.has_memory) throw UsageFailure(fmt::format("{} is a kernel thread: it has no memory of its own", who));
  if (error != EACCES && error != EPERM && error != 0)
    throw Failure(fmt::format("{} cannot be read: {}", who, std::strerror(error)));
  const int scope = yama_scope();
  if (scope == 3)
    throw UsageFailure(fmt::format(
        "{} is kept from everybody, root too, by kernel.yama.ptrace_scope=3 until the next boot: set it to 1 in "
        "/etc/sysctl.d and boot",
        who));
  if (::geteuid() == 0)
    throw UsageFailure(fmt::format(
        "{} may not be looked into even by root here: run neap outside of this container (CAP_SYS_PTRACE)", who));
  if (status.user != ::geteuid())
    throw UsageFailure(
        fmt::format("{} belongs to another user (id {}): run neap as root, with sudo", who, status.user));
  if (scope > 0)
    throw UsageFailure(
        fmt::format("{} is kept from you by kernel.yama.ptrace_scope={}: run neap as root, with sudo", who, scope));
  throw UsageFailure(
      fmt::format("{} has made itself unreadable (not dumpable, as tor does): run neap as root, with sudo", who));
}

}  // namespace neap
