// Many processes that have started and wait: what a preloaded malloc costs each program of a machine.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "own_memory.h"
#include "tool/measure/process_reader.h"
#include "workloads.h"

namespace neap::bench {
namespace {

struct Shell {
  pid_t pid;
  int input, output;
};

// A shell that says that it is ready and then waits for its input to end. It inherits the preload.
Shell start_shell() {
  int input[2], output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) {
    std::perror("neap-bench: pipe");
    std::exit(1);
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    ::execlp("bash", "bash", "--norc", "-c", "echo ready; read line", nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  return {pid, input[1], output[0]};
}

}  // namespace

// Starts `size` shells, and tells the mean of what one of them takes.
void idle_processes(Job& job) {
  Table<Shell> shells(job.size);
  begin(job);
  for (Shell& shell : shells) shell = start_shell();
  double pss = 0, dirty = 0;
  for (const Shell& shell : shells) {
    char text[8];
    if (::read(shell.output, text, sizeof text) <= 0) {
      std::fprintf(stderr, "neap-bench: a bash did not start\n");
      std::exit(1);
    }
  }
  for (const Shell& shell : shells) {
    Sample sample;
    ProcessReader(shell.pid).read_shares(sample);
    if (!sample.pss || !sample.private_dirty) continue;
    pss += static_cast<double>(sample.pss->count);
    dirty += static_cast<double>(sample.private_dirty->count);
  }
  for (const Shell& shell : shells) {
    ::close(shell.input);
    ::waitpid(shell.pid, nullptr, 0);
    ::close(shell.output);
  }
  job.facts.add("process_pss_bytes", pss / static_cast<double>(job.size));
  job.facts.add("process_private_dirty_bytes", dirty / static_cast<double>(job.size));
}

}  // namespace neap::bench
