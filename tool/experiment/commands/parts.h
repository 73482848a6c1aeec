// The parts of `neap experiment`: each adds its options to its own sub-command and returns its body. And where an
// experiment lies: by name in the folder of all, or by the path of its file.
#pragma once
#include <memory>
#include <string>

#include "tool/arguments/verb.h"
#include "tool/experiment/experiment.h"

namespace neap {

VerbBody define_experiment(CommandLine& command, const Invocation& invocation);

VerbBody define_experiment_init(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_start(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_collect(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_report(CommandLine& command, const Invocation& invocation);
VerbBody define_experiment_import(CommandLine& command, const Invocation& invocation);

inline constexpr const char* experiments_folder = "/var/lib/neap/experiments";

// Adds --folder; the value is there once the line is parsed.
std::shared_ptr<std::string> add_folder_option(CommandLine& command);

// The file of an experiment. Throws UsageFailure for a name that cannot be one.
std::string experiment_path(const std::string& folder, const std::string& name);

// What an experiment consists of, as a table: for `init` and `start --dry-run`.
void print_assignment(const Experiment& experiment, const Invocation& invocation);

}  // namespace neap
