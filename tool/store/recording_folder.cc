#include "tool/store/recording_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/store/recording.h"

namespace neap {

RecordingFolder::RecordingFolder(const std::string& path, const std::vector<std::string>& names, bool replace)
    : path_(path), replace_(replace) {
  if (path_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) throw UsageFailure(fmt::format("cannot make folder '{}': {}", path_, error.message()));
  for (const std::string& name : names) {
    const std::string file = file_of(name);
    if (kind_of(file) == FileKind::recording && !replace_)
      throw UsageFailure(fmt::format("'{}' exists; choose another folder, or --force to replace it", file));
    check_target(file, {FileKind::recording, {}, replace_});
  }
}

std::string RecordingFolder::file_of(std::string name) const {
  std::replace(name.begin(), name.end(), '/', '_');
  return fmt::format("{}/{}.neaprec", path_, name);
}

void RecordingFolder::write(const std::string& name, const Run& run) {
  if (path_.empty()) return;
  try {
    write_recording(file_of(name), run, replace_);
  } catch (const Failure& failure) {
    complete_ = false;
    tell(failure.what());
  }
}

}  // namespace neap
