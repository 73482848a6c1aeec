#include "tool/metrics/textfile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "tool/files/target.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

// ".neap.prom.123": hidden and not "*.prom", with the pid of its writer.
std::string prefix_of(const fs::path& path) { return fmt::format(".{}.", path.filename().string()); }

// Removes the files of writers that were killed.
void remove_leftovers(const fs::path& folder, const std::string& prefix) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    char* end = nullptr;
    const long pid = std::strtol(name.c_str() + prefix.size(), &end, 10);
    if (*end == '\0' && pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)
      fs::remove(entry.path(), ignored);
  }
}

bool write_whole(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(file, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fchmod(file, 0644) == 0;
}

[[noreturn]] void refuse(const std::string& path, int error) {
  throw UsageFailure(fmt::format("cannot write '{}': {}", path, std::strerror(error)));
}

}  // namespace

void write_textfile(const std::string& path, const std::string& text) {
  const fs::path folder = fs::absolute(path).parent_path();
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw UsageFailure(
        fmt::format("no folder '{}': install prometheus-node-exporter, or name the folder of its "
                    "--collector.textfile.directory",
                    folder.string()));
  if (fs::is_directory(path, ignored)) throw UsageFailure(fmt::format("'{}' is a folder; name a file in it", path));
  const TargetRules rules{FileKind::other, {}};
  check_target(path, rules);
  if (kind_of(path) == FileKind::device)
    return write_file(path, text, rules);  // a rename would put a file in its place
  remove_leftovers(folder, prefix_of(path));
  const std::string fresh = (folder / fmt::format("{}{}", prefix_of(path), ::getpid())).string();
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) refuse(path, errno);
  int error = write_whole(file, text) ? 0 : errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  fs::remove(fresh, ignored);
  refuse(path, error);
}

}  // namespace neap
