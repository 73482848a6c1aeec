// What measured programs read on standard input: the same for every run, from its beginning, so never neap's own.
#pragma once
#include <string>

#include "tool/arguments/verb.h"

namespace neap {

inline constexpr const char* no_input = "/dev/null";

// Throws UsageFailure when `input` is no file that every run can open anew, or when nobody named one and standard input
// holds something that was meant for the program.
void check_input(const std::string& input, const Invocation& invocation);

}  // namespace neap
