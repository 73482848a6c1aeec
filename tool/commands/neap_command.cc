#include "tool/commands/neap_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "tool/commands/verbs.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* about =
    "neap: the heap at low tide. A malloc that keeps resident memory close to the bytes in use, and a command that\n"
    "shows on your own program what each allocator costs.\n\n"
    "  neap compare -- PROGRAM [ARGS]            what each allocator costs it: memory, CPU, time\n"
    "  neap run -- PROGRAM [ARGS]                run it on libneap\n"
    "  neap record --pid PID -o a.neaprec        record a live process; then: neap report a.neaprec -o a.html\n"
    "  neap enable UNIT --restart                move a service to libneap, verified, with a way back\n";

constexpr const char* exit_codes =
    "Exit codes: the program's own code where there is one; 2 bad usage, 125 neap's own failure,\n"
    "126 the program cannot be executed, 127 it was not found, 128+N it was killed by signal N.";

// Takes what stands behind the first `--`. It belongs to the program, and the parser never sees it.
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
  if (arguments.empty() && invocation_.program.empty()) {
    fmt::print("{}\nAll verbs: neap --help; one of them: neap VERB --help\n", about);
    return exit_success;
  }
  if (const auto code = line_.parse(std::move(arguments))) return *code;
  return body_();
}

}  // namespace neap
