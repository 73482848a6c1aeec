// `neap run --find-misuse`: stays beside the program, and tells what its checker found.
#pragma once
#include <string>

#include "tool/allocators/checker.h"
#include "tool/arguments/verb.h"

namespace neap {

struct FindMisuseOptions {
  bool wanted = false;
  bool no_leaks = false, no_mismatches = false;
  int exit_code = 23;
  std::string output;
  CheckerOptions checker() const { return {!no_leaks, !no_mismatches}; }
};

void add_checker_options(CommandLine& command, FindMisuseOptions& options);

// Of the program behind `--`: its own exit code, or options.exit_code when anything was found.
int find_misuse(const std::string& allocator, const FindMisuseOptions& options, const Invocation& invocation);

}  // namespace neap
