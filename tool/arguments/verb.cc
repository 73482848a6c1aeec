#include "tool/arguments/verb.h"

#include "tool/model/failure.h"

namespace neap {

VerbBody define_parts(std::span<const Verb> parts, CommandLine& command, const Invocation& invocation) {
  command.require_command();
  std::vector<std::pair<CommandLine*, VerbBody>> bodies;
  for (const Verb& part : parts) {
    CommandLine& sub = command.add_command(part.name, part.help, part.hidden);
    bodies.emplace_back(&sub, part.define(sub, invocation));
  }
  return [bodies] {
    for (const auto& [sub, body] : bodies)
      if (sub->chosen()) return body();
    return exit_bad_usage;
  };
}

const std::vector<std::string>& require_program(const Invocation& invocation, const char* verb) {
  if (invocation.program.empty())
    throw UsageFailure(std::string("no program given; write: neap ") + verb + " [OPTIONS] -- PROGRAM [ARGS]");
  return invocation.program;
}

}  // namespace neap
