#include "tool/measure/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tool/model/failure.h"

namespace neap {
namespace {

std::vector<char*> as_pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Failure exec_failure(const std::string& file, int error) {
  return Failure(fmt::format("cannot execute '{}': {}", file, std::strerror(error)),
                 error == ENOENT ? exit_not_found : exit_cannot_execute);
}

void redirect(int descriptor, const std::string& path, int how) {
  const int file = ::open(path.c_str(), how | O_CLOEXEC, 0666);
  if (file >= 0) ::dup2(file, descriptor);
}

// What a child says to its parent: before the exec, and again when that failed.
struct ChildWord {
  int error = 0;
  long peak_kib = 0;  // of this copy of neap: the kernel counts it to the program's peak
};

void say(int report, ChildWord word) {
  if (::write(report, &word, sizeof word) != sizeof word) ::_exit(exit_own_failure);
}

[[noreturn]] void become(const char* file, char* const* arguments, char* const* environment,
                         const ChildOptions& options, int report) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.new_process_group) ::setpgid(0, 0);
  if (options.output_file) redirect(STDOUT_FILENO, *options.output_file, O_WRONLY | O_CREAT | O_TRUNC);
  if (options.input_file) redirect(STDIN_FILENO, *options.input_file, O_RDONLY);
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  say(report, {0, own.ru_maxrss});
  ::execve(file, arguments, environment);
  say(report, {errno, 0});
  ::_exit(exit_own_failure);
}

// False at the end: the exec has closed the pipe.
bool hear(int report, ChildWord& word) {
  ssize_t got = 0;
  while ((got = ::read(report, &word, sizeof word)) < 0 && errno == EINTR) continue;
  return got == sizeof word;
}

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

pid_t start_child(const std::string& file, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment, const ChildOptions& options, Bytes* inherited_peak) {
  const auto argument_pointers = as_pointers(arguments);
  const auto environment_pointers = as_pointers(environment);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) throw Failure(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (pid == 0) become(file.c_str(), argument_pointers.data(), environment_pointers.data(), options, report[1]);
  ::close(report[1]);
  ChildWord before, failed;
  hear(report[0], before);
  const bool started = !hear(report[0], failed);
  ::close(report[0]);
  if (inherited_peak != nullptr) *inherited_peak = kibibytes(static_cast<std::uint64_t>(before.peak_kib));
  if (started) return pid;
  ::waitpid(pid, nullptr, 0);
  throw exec_failure(file, failed.error);
}

std::optional<ChildEnd> wait_child(pid_t pid, bool hang) {
  int status = 0;
  ChildEnd end;
  pid_t found = 0;
  while ((found = ::wait4(pid, &status, hang ? 0 : WNOHANG, &end.usage)) < 0 && errno == EINTR) continue;
  if (found == 0) return std::nullopt;
  if (found < 0) throw Failure(fmt::format("cannot wait for process {}: {}", pid, std::strerror(errno)));
  end.exit_code = WIFSIGNALED(status) ? exit_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

void exec_program(const std::string& file, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment) {
  ::execve(file.c_str(), as_pointers(arguments).data(), as_pointers(environment).data());
  throw exec_failure(file, errno);
}

}  // namespace neap
