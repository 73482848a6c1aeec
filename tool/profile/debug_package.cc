#include "tool/profile/debug_package.h"

#include <filesystem>
#include <fstream>

namespace neap {

std::string debug_package_of(const std::string& file, const std::string& lists) {
  // What lies below /usr today may be listed as it was before: /lib/x for /usr/lib/x.
  const std::string other = file.starts_with("/usr/") ? file.substr(4) : "/usr" + file;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(lists, none)) {
    if (entry.path().extension() != ".list") continue;
    std::ifstream list(entry.path());
    for (std::string line; std::getline(list, line);) {
      if (line != file && line != other) continue;
      const std::string stem = entry.path().stem(), package = stem.substr(0, stem.find(':'));
      return package == "libc6" ? "libc6-dbg" : package + "-dbgsym";
    }
  }
  return {};
}

}  // namespace neap
