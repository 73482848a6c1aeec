// The parts of `neap experiment`. Each is a file here, which adds its options to its own sub-command and returns its
// body; experiment_verbs.cc has their table.
#pragma once
#include "tool/arguments/verb.h"

namespace neap {

VerbBody define_experiment(CommandLine& command, const Invocation& invocation);

VerbBody define_experiment_init(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_start(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_collect(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_report(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_import(CommandLine& command, const Invocation& invocation);

}  // namespace neap
