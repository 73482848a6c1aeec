// Finding: one thing that neap looked at before a switch, or that `neap doctor` reports, and what to do about it.
#pragma once
#include <string>
#include <vector>

namespace neap {

enum class Severity {
  fine,      // looked at, and no obstacle
  warning,   // it works, with a limit that one should know
  obstacle,  // it will not work: no switch is made
};

struct Finding {
  Severity severity = Severity::fine;
  std::string subject;  // "ExecPaths", "static", "overcommit"
  std::string what;
  std::string advice;  // what to do; empty when nothing is to be done
};

// The first obstacle, if any.
const Finding* first_obstacle(const std::vector<Finding>& findings);

}  // namespace neap
