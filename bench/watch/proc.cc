#include "proc.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace neap::bench {
namespace {

std::string file_of(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The value of a line such as "Pss:   123 kB", in bytes.
std::uint64_t field(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + ":");
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size() + 2, nullptr, 10) * 1024;
}

}  // namespace

std::optional<Resident> read_resident(pid_t pid) {
  std::istringstream text(file_of(pid, "statm"));
  std::uint64_t size = 0, resident = 0, shared = 0;
  if (!(text >> size >> resident >> shared) || resident == 0) return std::nullopt;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return Resident{(resident - shared) * page, shared * page};
}

std::optional<Rollup> read_rollup(pid_t pid) {
  const std::string text = file_of(pid, "smaps_rollup");
  if (text.find("\nRss:") == std::string::npos) return std::nullopt;
  return Rollup{field(text, "Rss"), field(text, "Pss"), field(text, "Anonymous"), field(text, "Private_Dirty")};
}

std::uint64_t read_peak(pid_t pid) { return field(file_of(pid, "status"), "VmHWM"); }

std::vector<std::string> read_libraries(pid_t pid) {
  std::istringstream maps(file_of(pid, "maps"));
  std::vector<std::string> found;
  for (std::string line; std::getline(maps, line);) {
    const auto slash = line.find('/');
    if (slash == std::string::npos || line.find(".so", slash) == std::string::npos) continue;
    std::string path = line.substr(slash);
    if (std::find(found.begin(), found.end(), path) == found.end()) found.push_back(std::move(path));
  }
  return found;
}

}  // namespace neap::bench
