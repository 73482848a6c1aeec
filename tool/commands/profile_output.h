// What `neap profile` and `neap blame` print of sites, and the files that they write.
#pragma once
#include <string>

#include "tool/arguments/verb.h"
#include "tool/profile/profile_files.h"

namespace neap {

struct ProfileOutput {
  std::string file;  // in one of profile_formats; empty: the table alone
  int frames = 3, rows = 15;
};

inline constexpr ProfileValue live_value{&Site::live, "live", "Live memory by call stack"};
inline constexpr ProfileValue made_value{&Site::made, "made", "Memory ever allocated, by call stack"};
inline constexpr ProfileValue pinned_value{&Site::pinned, "pinned",
                                           "Free memory kept by objects, by the call stack that made them"};

void add_output_options(CommandLine& command, ProfileOutput& output);
// Throws UsageFailure: before anything is measured.
void check_output(const ProfileOutput& output);

// Table or JSON on stdout, the file, and on stderr which packages would bring names that are missing.
void print_sites(const Sites& sites, const ProfileValue& value, const Symbols& symbols, const std::string& program,
                 const ProfileOutput& output, const Invocation& invocation);

}  // namespace neap
