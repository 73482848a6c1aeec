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

void redirect_output(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file >= 0) ::dup2(file, STDOUT_FILENO);
}

[[noreturn]] void become(const char* file, char* const* arguments, char* const* environment,
                         const ChildOptions& options, int report) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.new_process_group) ::setpgid(0, 0);
  if (options.output_file) redirect_output(*options.output_file);
  ::execve(file, arguments, environment);
  const int error = errno;
  if (::write(report, &error, sizeof error) < 0) ::_exit(exit_own_failure);
  ::_exit(exit_own_failure);
}

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

pid_t start_child(const std::string& file, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment, const ChildOptions& options) {
  const auto argument_pointers = as_pointers(arguments);
  const auto environment_pointers = as_pointers(environment);
  int report[2];  // closed by a successful exec, carries errno otherwise
  if (::pipe2(report, O_CLOEXEC) != 0) throw Failure(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (pid == 0) become(file.c_str(), argument_pointers.data(), environment_pointers.data(), options, report[1]);
  ::close(report[1]);
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(report[0], &error, sizeof error)) < 0 && errno == EINTR) continue;
  ::close(report[0]);
  if (got == 0) return pid;
  ::waitpid(pid, nullptr, 0);
  throw exec_failure(file, error);
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
