#include "tool/experiment/commands/place.h"

#include <fmt/format.h>

#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* extension = ".neapexp";

}  // namespace

std::shared_ptr<std::string> add_folder_option(CommandLine& command) {
  auto folder = std::make_shared<std::string>(experiments_folder);
  command.add_option("--folder", *folder, "Where experiments are kept").shows_default();
  return folder;
}

std::string experiment_path(const std::string& folder, const std::string& name) {
  if (name.find('/') != std::string::npos || name.ends_with(extension)) return name;
  if (name.empty() || name.front() == '.' || name.front() == '-')
    throw UsageFailure(fmt::format("'{}' is no name for an experiment; take letters and digits", name));
  return fmt::format("{}/{}{}", folder, name, extension);
}

}  // namespace neap
