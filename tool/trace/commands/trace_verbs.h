// The parts of `neap trace`. Each is a file here, which adds its options to its own sub-command and returns its body;
// trace_verbs.cc has their table.
#pragma once
#include "tool/arguments/verb.h"

namespace neap {

VerbBody define_trace(CommandLine& command, const Invocation& invocation);

VerbBody define_trace_record(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_replay(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_info(CommandLine& command, const Invocation& invocation);
VerbBody define_trace_cut(CommandLine& command, const Invocation& invocation);

}  // namespace neap
