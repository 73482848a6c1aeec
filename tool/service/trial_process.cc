#include "tool/service/trial_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "tool/model/failure.h"

namespace neap {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);
constexpr uid_t nobody_id = 65534;
constexpr std::size_t most_output = 1 << 16;

[[noreturn]] void become(const std::vector<std::string>& command, As as, int output, const std::string& preload) {
  const int nowhere = ::open("/dev/null", O_RDONLY);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::setpgid(0, 0);
  if (as == As::nobody && (::setgroups(0, nullptr) != 0 || ::setgid(nobody_id) != 0 || ::setuid(nobody_id) != 0))
    ::_exit(126);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::string variable = "LD_PRELOAD=" + preload;
  char* const environment[] = {path, preload.empty() ? nullptr : variable.data(), nullptr};
  ::execve(words[0], words.data(), environment);
  ::_exit(127);
}

// Reads until the program closes its output or time is over.
bool read_all(int file, std::string& output) {
  const auto deadline = Clock::now() + patience;
  std::array<char, 4096> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{file, POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (output.size() < most_output) output.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

TrialEnd run_for_trial(const std::vector<std::string>& command, As as, const std::string& preload) {
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe for the trial: {}", std::strerror(errno)));
  const pid_t pid = ::fork();
  if (pid == 0) become(command, as, output[1], preload);
  ::close(output[1]);
  if (pid < 0) {
    ::close(output[0]);
    throw Failure(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  TrialEnd end;
  end.in_time = read_all(output[0], end.output);
  if (!end.in_time) ::kill(-pid, SIGKILL);
  ::close(output[0]);
  ::waitpid(pid, &end.status, 0);
  return end;
}

std::string describe(const TrialEnd& end) {
  if (!end.in_time) return fmt::format("did not end within {} s", patience.count());
  if (WIFSIGNALED(end.status)) return fmt::format("was killed by signal {}", WTERMSIG(end.status));
  return fmt::format("ended with {}", WEXITSTATUS(end.status));
}

}  // namespace neap
