// The parts of `neap trace`: each adds its options to its own sub-command and returns its body.
#pragma once
#include "tool/commands/command.h"

namespace neap {

VerbBody define_trace_record(CLI::App& command, const Invocation& invocation);
VerbBody define_trace_replay(CLI::App& command, const Invocation& invocation);
VerbBody define_trace_info(CLI::App& command, const Invocation& invocation);
VerbBody define_trace_cut(CLI::App& command, const Invocation& invocation);

}  // namespace neap
