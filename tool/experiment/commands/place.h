// Where an experiment lies: by its name in the folder of all experiments, or by the path of its file.
#pragma once
#include <memory>
#include <string>

#include "tool/arguments/command_line.h"

namespace neap {

inline constexpr const char* experiments_folder = "/var/lib/neap/experiments";

// Adds --folder. The value is there once the line is parsed.
std::shared_ptr<std::string> add_folder_option(CommandLine& command);

// The file of an experiment. Throws UsageFailure for a name that cannot be one.
std::string experiment_path(const std::string& folder, const std::string& name);

}  // namespace neap
