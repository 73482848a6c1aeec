// What is noted of a run besides its samples: the host, the kernel, the hour, the command. For record and compare.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "tool/model/run.h"

namespace neap {

RunFacts facts_of_this_host(const std::vector<std::string>& command, Seconds interval, double budget_percent);

// The command line of a running process; throws UsageFailure when there is none.
std::vector<std::string> command_of(pid_t pid);

}  // namespace neap
