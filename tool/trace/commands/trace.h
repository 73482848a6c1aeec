// The parts of `neap trace`: each adds its options to its own sub-command and returns its body.
#pragma once
#include "tool/arguments/verb.h"

namespace neap {

VerbBody define_trace(CommandLine& command, const Invocation& invocation);

VerbBody define_trace_record(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_replay(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_info(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_cut(CommandLine& command, const Invocation& invocation);

}  // namespace neap
