#include "tool/commands/run_facts.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>

#include <fstream>

#include "tool/model/failure.h"

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
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  facts.started_at = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                                 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
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
