// What a verb is. The files of tool/commands define one each: it adds its options to the command line and returns the
// body that main calls once the line is parsed. A body returns the exit code or throws Failure; it never calls exit.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tool/arguments/command_line.h"

namespace neap {

// What holds for every verb: the options before or after it, and the program behind `--`, untouched by the parser.
struct Invocation {
  bool json = false;
  bool quiet = false;
  std::vector<std::string> program;
};

using VerbBody = std::function<int()>;

struct Verb {
  const char* name;
  const char* help;  // one line
  VerbBody (*define)(CommandLine& command, const Invocation& invocation);
  bool hidden = false;
};

// The body of a verb that consists of parts: one of them has to be chosen.
VerbBody define_parts(std::span<const Verb> parts, CommandLine& command, const Invocation& invocation);

// The program behind `--`; fails with a line that shows the form when there is none.
const std::vector<std::string>& require_program(const Invocation& invocation, const char* verb);

}  // namespace neap
