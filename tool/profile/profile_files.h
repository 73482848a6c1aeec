// Profiles as files: folded stacks (one line each: outermost;...;innermost VALUE), profile.proto, which `go tool pprof`
// reads, the text of gperftools with its names, which google-pprof reads, and one HTML page with a flame graph.
#pragma once
#include <string>

#include "tool/profile/sites.h"

namespace neap {

struct ProfileValue {
  double Site::*value;
  const char* name;   // "live", "pinned": the sample type in pprof
  const char* title;  // "Live memory by call stack"
};

// What a file of that ending holds.
struct ProfileFormat {
  const char* ending;  // ".html"
  std::string (*text)(const Sites& sites, const ProfileValue& value, const std::string& program);
};
extern const ProfileFormat profile_formats[4];

// Folded stacks as they were written: stack -> value. Throws Failure when the file is none.
std::vector<std::pair<std::string, double>> read_folded(const std::string& path);

}  // namespace neap
