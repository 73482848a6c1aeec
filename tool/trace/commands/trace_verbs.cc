#include "tool/trace/commands/trace_verbs.h"

#include <array>

namespace neap {
namespace {

constexpr std::array parts = {
    Verb{"record", "Record every allocation of a program", define_trace_record},
    Verb{"replay", "Replay a trace under each allocator", define_trace_replay},
    Verb{"info", "Tell what is in a trace", define_trace_info},
    Verb{"cut", "Keep a stretch of a trace, or convert one", define_trace_cut},
};

}  // namespace

VerbBody define_trace(CommandLine& command, const Invocation& invocation) {
  return define_parts(parts, command, invocation);
}

}  // namespace neap
