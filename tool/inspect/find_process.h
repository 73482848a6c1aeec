// From what a user types to a process: a number, the name of a program, or a systemd unit (whose control group the
// kernel tells, so that no bus is asked).
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace neap {

struct FoundProcess {
  pid_t pid = 0;
  std::string name;
  std::uint64_t resident = 0;
};

// All that fit, the largest first. Throws UsageFailure when none does.
std::vector<FoundProcess> find_processes(const std::string& target);

// Every process that has memory of its own, ourselves left out.
std::vector<FoundProcess> all_processes();

}  // namespace neap
