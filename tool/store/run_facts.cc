#include "tool/store/run_facts.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>

#include "tool/model/failure.h"
#include "tool/model/moment.h"

namespace neap {

RunFacts facts_of_this_host(const std::vector<std::string>& command, Seconds interval, double budget_percent) {
  RunFacts facts;
  facts.command = command;
  facts.interval = interval;
  facts.budget_percent = budget_percent;
  utsname system{};
  ::uname(&system);
  facts.host = system.nodename;
  facts.kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  facts.started_at = show_iso(this_moment());
  return facts;
}

std::vector<std::string> command_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid));
  if (!file) throw UsageFailure(fmt::format("no process {}", pid));
  std::vector<std::string> command;
  for (std::string part; std::getline(file, part, '\0');) command.push_back(part);
  return command;
}

}  // namespace neap
