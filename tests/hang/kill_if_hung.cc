// Runs a command, and ends it when it hangs.
//
//   kill_if_hung [--looks N] [--pace MS] COMMAND ARGUMENT...
//
// Exit code: the command's, or 128 and the number of the signal that ended it; 1 when it hung.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "hang.h"

namespace {

constexpr int wrong_usage = 2, not_started = 127, ended_by_signal = 128;

volatile sig_atomic_t leader = 0;

void end_with_all(int number) {
  if (leader > 0) {
    kill(-leader, SIGKILL);
    waitpid(leader, nullptr, 0);  // its CPU time is ours
  }
  _exit(ended_by_signal + number);
}

// Takes the options off the arguments; false where one has no number.
bool read(char**& arguments, hang::Patience& patience) {
  for (; *arguments != nullptr && std::strncmp(*arguments, "--", 2) == 0; arguments += 2) {
    const unsigned long number = arguments[1] == nullptr ? 0 : std::strtoul(arguments[1], nullptr, 10);
    if (std::strcmp(*arguments, "--looks") == 0) {
      patience.looks = static_cast<unsigned>(number);
    } else if (std::strcmp(*arguments, "--pace") == 0) {
      patience.pace_ms = static_cast<int>(number);
    } else {
      return false;
    }
    if (number == 0) return false;
  }
  return *arguments != nullptr;
}

[[noreturn]] void run(char** command) {
  hang::begin_session();
  execvp(command[0], command);
  std::perror(command[0]);
  _exit(not_started);
}

}  // namespace

int main(int, char** argv) {
  hang::Patience patience;
  if (!read(++argv, patience)) {
    std::fputs("usage: kill_if_hung [--looks N] [--pace MS] COMMAND ARGUMENT...\n", stderr);
    return wrong_usage;
  }
  const pid_t process = fork();
  if (process == 0) run(argv);
  if (process < 0) {
    std::perror("fork");
    return not_started;
  }
  leader = process;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, end_with_all);
  const hang::Ending ending = hang::wait(process, patience);
  if (ending.hung) return 1;
  return WIFEXITED(ending.status) ? WEXITSTATUS(ending.status) : ended_by_signal + WTERMSIG(ending.status);
}
