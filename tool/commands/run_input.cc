#include "tool/commands/run_input.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

void check_file(const std::string& input) {
  struct stat status {};
  if (::stat(input.c_str(), &status) != 0 || ::access(input.c_str(), R_OK) != 0)
    throw UsageFailure(fmt::format("cannot read '{}': {}", input, std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) throw UsageFailure(fmt::format("'{}' is a folder; --input takes a file", input));
  if (!S_ISREG(status.st_mode) && input != no_input)
    throw UsageFailure(fmt::format("--input takes a file that every run can read anew, and '{}' is none", input));
}

}  // namespace

void check_input(const std::string& input, const Invocation& invocation) {
  check_file(input);
  struct stat status {};
  if (input != no_input || ::fstat(STDIN_FILENO, &status) != 0) return;
  int waiting = 0;
  const bool file = S_ISREG(status.st_mode) && ::lseek(STDIN_FILENO, 0, SEEK_CUR) < status.st_size;
  const bool pipe = S_ISFIFO(status.st_mode);
  if (file || (pipe && ::ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0))
    throw UsageFailure("standard input would be read up by the first run; give a file to each of them: --input FILE");
  if (pipe && !invocation.quiet)
    tell("the runs read /dev/null and not this pipe; to give a file to each: --input FILE");
}

}  // namespace neap
