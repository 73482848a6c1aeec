#include "tool/commands/trace.h"

#include <array>

#include "tool/commands/verbs.h"

namespace neap {
namespace {

constexpr std::array parts = {
    Verb{"record", "Record every allocation of a program", define_trace_record},
    Verb{"replay", "Replay a trace under each allocator", define_trace_replay},
    Verb{"info", "Tell what is in a trace", define_trace_info},
    Verb{"cut", "Keep a stretch of a trace, or convert one", define_trace_cut},
};

}  // namespace

VerbBody define_trace(CLI::App& command, const Invocation& invocation) {
  command.require_subcommand(1);
  std::vector<std::pair<CLI::App*, VerbBody>> bodies;
  for (const Verb& part : parts) {
    CLI::App* sub = command.add_subcommand(part.name, part.help);
    bodies.emplace_back(sub, part.define(*sub, invocation));
  }
  return [bodies] {
    for (const auto& [sub, body] : bodies)
      if (sub->parsed()) return body();
    return 0;
  };
}

}  // namespace neap
