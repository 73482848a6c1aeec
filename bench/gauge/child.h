// The measured program: its start and its end. It is traced for one reason: so that it stops on its way out, when all
// of its memory is still there, to the last page, however short its life was.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace neap::bench {

struct Command {
  std::vector<std::string> words;
  std::vector<std::string> environment;  // NAME=VALUE is added to this process's environment; NAME alone takes it away
  std::string output;                    // file for its standard output; empty: the output of this process
};

struct Ended {
  int exit_code;  // 128 + N after signal N
  rusage usage;   // of it and of the descendants that it waited for
};

// Starts the command, traced and stopped at its exec. Where that fails, this process says so and exits with 127.
pid_t start(const Command& command);
// Starts the command as it is, neither traced nor measured.
pid_t start_beside(const Command& command);

// Waits until the process ends. Calls `on_tick` at every interval, and `on_exit` once, while the process is stopped on
// its way out.
Ended wait_for(pid_t pid, unsigned interval_ms, const std::function<void()>& on_tick,
               const std::function<void()>& on_exit);

}  // namespace neap::bench
