#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace neap::bench {
namespace {

constexpr int cannot_start = 127;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "neap-bench-gauge: %s: %s\n", what, std::strerror(errno));
  std::_Exit(cannot_start);
}

void set_environment(const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos)
      ::unsetenv(setting.c_str());
    else
      ::setenv(setting.substr(0, equals).c_str(), setting.c_str() + equals + 1, 1);
  }
}

[[noreturn]] void become(const Command& command) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!command.output.empty()) {
    const int file = ::open(command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ::dup2(file, STDOUT_FILENO) < 0) fail(command.output.c_str());
  }
  set_environment(command.environment);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  fail(words[0]);
}

// SIGCHLD wakes us from sigtimedwait.
sigset_t child_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Lets a stopped tracee go on. True when it has stopped on its way out.
bool pass_stop(pid_t pid, int status) {
  const int event = status >> 16;
  if (event == PTRACE_EVENT_EXIT) return true;
  // A signal is handed on to the tracee; a stop that tracing itself causes is not. A group stop stays a stop.
  const int signal = event == 0 && WSTOPSIG(status) != SIGTRAP ? WSTOPSIG(status) : 0;
  ::ptrace(event == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP ? PTRACE_LISTEN : PTRACE_CONT, pid, nullptr,
           signal);
  return false;
}

}  // namespace

pid_t start(const Command& command) {
  const sigset_t signals = child_signal();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    ::raise(SIGSTOP);  // until we trace it
    become(command);
  }
  int status = 0;
  ::waitpid(pid, &status, WUNTRACED);
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) != 0) {
    ::kill(pid, SIGKILL);
    fail("the program cannot be traced (ptrace is forbidden here)");
  }
  ::kill(pid, SIGCONT);
  return pid;
}

pid_t start_beside(const Command& command) {
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) become(command);
  return pid;
}

Ended wait_for(pid_t pid, unsigned interval_ms, const std::function<void()>& on_tick,
               const std::function<void()>& on_exit) {
  const sigset_t signals = child_signal();
  const timespec interval{interval_ms / 1000, static_cast<long>(interval_ms % 1000) * 1'000'000};
  for (;;) {
    if (::sigtimedwait(&signals, nullptr, &interval) < 0 && errno == EAGAIN) on_tick();
    int status = 0;
    rusage usage{};
    while (::wait4(pid, &status, WNOHANG | __WALL, &usage) == pid) {
      if (!WIFSTOPPED(status)) return {code_of(status), usage};
      if (!pass_stop(pid, status)) continue;
      on_exit();
      ::ptrace(PTRACE_CONT, pid, nullptr, 0);
    }
  }
}

}  // namespace neap::bench
