#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <span>

#include "tool/commands/verbs.h"
#include "tool/model/failure.h"

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

int run(std::vector<std::string> arguments) {
  Invocation invocation;
  invocation.program = take_program(arguments);
  CommandLine line(about, "neap");
  line.add_version(std::string("neap ") + NEAP_VERSION);
  line.add_flag("--json", invocation.json, "Print JSON where a table would be printed");
  line.add_flag("-q,--quiet", invocation.quiet, "No progress on stderr");
  line.footer(exit_codes);
  line.require_command();

  std::vector<std::pair<CommandLine*, VerbBody>> bodies;
  for (const Verb& verb : verbs) {
    CommandLine& command = line.add_command(verb.name, verb.help, verb.hidden);
    bodies.emplace_back(&command, verb.define(command, invocation));
  }
  if (const auto code = line.parse(std::move(arguments))) return *code;
  for (auto& [command, body] : bodies)
    if (command->chosen()) return body();
  return exit_bad_usage;
}

}  // namespace
}  // namespace neap

int main(int count, char** values) try {
  const std::span all(values, static_cast<std::size_t>(count));
  return neap::run({all.begin() + 1, all.end()});
} catch (const neap::Failure& failure) {
  fmt::print(stderr, "neap: {}\n", failure.what());
  return failure.exit_code();
} catch (const std::exception& error) {
  fmt::print(stderr, "neap: {}\n", error.what());
  return neap::exit_own_failure;
}
