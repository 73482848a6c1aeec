#include "tool/render/png.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "tool/model/failure.h"

extern char** environ;

namespace neap {
namespace {

constexpr const char* zoom = "2";  // sharp on dense screens

bool write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

const char* const missing_converter = "PNG needs rsvg-convert; to get it: apt install librsvg2-bin (or use --svg)";

}  // namespace

void require_png_converter() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/rsvg-convert").c_str(), X_OK) == 0) return;
  throw Failure(missing_converter);
}

void write_png(const std::string& svg, const std::string& path) {
  char source[] = "/tmp/neap-chart-XXXXXX";
  const int file = ::mkstemp(source);
  if (file < 0) throw Failure(fmt::format("cannot make a file in /tmp: {}", std::strerror(errno)));
  const bool wrote = write_all(file, svg);
  ::close(file);
  const char* arguments[] = {"rsvg-convert", "--zoom", zoom, "--output", path.c_str(), source, nullptr};
  pid_t pid = 0;
  const int error =
      wrote ? ::posix_spawnp(&pid, "rsvg-convert", nullptr, nullptr, const_cast<char**>(arguments), environ) : EIO;
  int status = -1;
  if (error == 0) ::waitpid(pid, &status, 0);
  ::unlink(source);
  if (error == ENOENT) throw Failure(missing_converter);
  if (error != 0 || status != 0) throw Failure(fmt::format("rsvg-convert could not write '{}'", path));
}

}  // namespace neap
