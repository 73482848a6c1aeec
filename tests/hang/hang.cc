#include "hang.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hang {
namespace {

// Empty when its thread ends meanwhile. (A stream would throw then.)
std::string text_of(const std::string& path) {
  std::array<char, 4096> text;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  DIR* const directory = opendir(folder.c_str());
  if (directory == nullptr) return numbers;  // of a process that has ended
  while (const dirent* entry = readdir(directory)) {
    if (const long number = std::strtol(entry->d_name, nullptr, 10)) numbers.push_back(static_cast<pid_t>(number));
  }
  closedir(directory);
  return numbers;
}

struct Thread {
  pid_t process;
  std::string folder;  // of /proc
  char state;          // as proc(5) has them
  std::uint64_t turns;
};

// What stands behind a name, and a tab, in the text of a status file.
const char* field(const std::string& status, const char* name) {
  const std::size_t at = status.find(name);
  return at == std::string::npos ? "" : status.c_str() + status.find('\t', at) + 1;
}

Thread look_at(pid_t process, const std::string& folder) {
  const std::string status = text_of(folder + "/status");
  Thread thread{process, folder, *field(status, "\nState:"), 0};
  for (const char* name : {"\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:"})
    thread.turns += std::strtoull(field(status, name), nullptr, 10);
  return thread;
}

std::vector<Thread> threads_of(pid_t session) {
  std::vector<Thread> threads;
  for (const pid_t process : numbers_in("/proc")) {
    if (getsid(process) != session) continue;
    const std::string folder = "/proc/" + std::to_string(process) + "/task/";
    for (const pid_t thread : numbers_in(folder)) threads.push_back(look_at(process, folder + std::to_string(thread)));
  }
  return threads;
}

bool sleeps(const Thread& thread) { return thread.state == 'S' || thread.state == 'D'; }
bool has_ended(const Thread& thread) { return thread.state == 'Z' || thread.state == 'X' || thread.state == '\0'; }

// Not of one that the system holds (D): a debugger would wait for it.
void print_stacks(pid_t process) {
  const std::string command = "command -v gdb >/dev/null && env -u LD_PRELOAD gdb --batch -nx -p " +
                              std::to_string(process) + " -ex 'thread apply all backtrace' </dev/null >&2 2>/dev/null";
  if (std::system(command.c_str()) != 0) std::fprintf(stderr, "no stacks of %d: gdb is not there, or fails\n", process);
}

}  // namespace

void begin_session() {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

bool Session::is_still() {
  bool somebody_sleeps = false, somebody_is_awake = false;
  std::uint64_t turns = 0;
  for (const Thread& thread : threads_of(leader_)) {
    if (has_ended(thread)) continue;
    (sleeps(thread) ? somebody_sleeps : somebody_is_awake) = true;
    turns += thread.turns;
  }
  const bool somebody_ran = std::exchange(turns_, turns) != turns;
  return somebody_sleeps && !somebody_is_awake && !somebody_ran;
}

void Session::print_threads() const {
  std::map<pid_t, bool> is_held;
  for (const Thread& thread : threads_of(leader_)) {
    std::string told = thread.folder + ' ' + thread.state;
    for (const char* file : {"/comm", "/wchan", "/syscall"}) {
      const std::string text = text_of(thread.folder + file);
      told += ' ' + text.substr(0, text.find('\n'));
    }
    std::fprintf(stderr, "%s\n", told.c_str());
    is_held[thread.process] |= thread.state == 'D';
  }
  for (const auto& [process, held] : is_held) {
    if (!held) print_stacks(process);
  }
}

void Session::kill() const {
  for (const Thread& thread : threads_of(leader_)) ::kill(thread.process, SIGKILL);
}

Ending wait(pid_t leader, Patience patience) {
  Ending ending;
  Session session(leader);
  // Without such a file, on a kernel that has none, an end is seen at the next look.
  pollfd end{static_cast<int>(syscall(SYS_pidfd_open, leader, 0)), POLLIN, 0};
  for (unsigned still = 0; still < patience.looks; still = session.is_still() ? still + 1 : 0) {
    poll(&end, 1, patience.pace_ms);
    if (waitpid(leader, &ending.status, WNOHANG) == 0) continue;
    close(end.fd);
    return ending;
  }
  close(end.fd);
  ending.hung = true;
  std::fprintf(stderr, "hangs: every thread slept, and none ran, at %u looks in a row\n", patience.looks);
  session.print_threads();
  session.kill();
  waitpid(leader, &ending.status, 0);
  return ending;
}

}  // namespace hang
