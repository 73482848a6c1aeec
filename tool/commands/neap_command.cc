#include "tool/commands/neap_command.h"

#include <algorithm>

#include "tool/commands/verbs.h"

namespace neap {
namespace {

constexpr const char* about =
    "neap: the heap at low tide. Runs, records and compares programs under memory allocators.\n\n"
    "  neap run --allocator neap -- PROGRAM           run it on libneap\n"
    "  neap compare --allocators libc,neap -- PROGRAM  what each allocator costs, as a table\n"
    "  neap record -o a.neaprec -- PROGRAM            memory over time, every second\n"
    "  neap report a.neaprec -o report.html           charts of one or more recordings\n";

constexpr const char* exit_codes =
    "Exit codes: the program's own code where there is one; 2 bad usage, 125 neap's own failure,\n"
    "126 the program cannot be executed, 127 it was not found, 128+N it was killed by signal N.";

// What stands behind the first `--` belongs to the program: the parser never sees it.
std::vector<std::string> take_program(std::vector<std::string>& arguments) {
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  if (mark == arguments.end()) return {};
  std::vector<std::string> program(mark + 1, arguments.end());
  arguments.erase(mark, arguments.end());
  return program;
}

}  // namespace

NeapCommand::NeapCommand() : line_(about, "neap") {
  line_.add_version(std::string("neap ") + NEAP_VERSION);
  line_.add_flag("--json", invocation_.json, "Print JSON where a table would be printed");
  line_.add_flag("-q,--quiet", invocation_.quiet, "No progress on stderr");
  line_.footer(exit_codes);
  body_ = define_parts(verbs, line_, invocation_);
}

int NeapCommand::run(std::vector<std::string> arguments) {
  invocation_.program = take_program(arguments);
  if (const auto code = line_.parse(std::move(arguments))) return *code;
  return body_();
}

}  // namespace neap
