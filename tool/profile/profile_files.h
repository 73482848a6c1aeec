// Profiles as files: folded stacks (one line each: outermost;...;innermost VALUE), pprof's profile.proto, and one HTML
// page with a flame graph.
#pragma once
#include <string>

#include "tool/profile/sites.h"

namespace neap {

struct ProfileValue {
  double Site::*value;
  const char* name;   // "live", "pinned": the sample type in pprof
  const char* title;  // "Live memory by call stack"
};

std::string folded_stacks(const Sites& sites, const ProfileValue& value);
std::string pprof_profile(const Sites& sites, const ProfileValue& value);
std::string flame_page(const Sites& sites, const ProfileValue& value, const std::string& program);

// Folded stacks as they were written: stack -> value. Throws Failure when the file is none.
std::vector<std::pair<std::string, double>> read_folded(const std::string& path);

}  // namespace neap
