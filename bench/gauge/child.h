// Starting and ending the measured program. It is traced only to be stopped on its way out: then its memory is all
// there still, to the last page, however short its life was.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace neap::bench {

struct Command {
  std::vector<std::string> words;
  std::vector<std::string> environment;  // NAME=VALUE, on top of ours; NAME alone takes it away
  std::string output;                    // file for its standard output; empty: ours
};

struct Ended {
  int exit_code;  // 128 + N after signal N
  rusage usage;   // of it and of the descendants that it waited for
};

// Starts the command stopped at its exec, and traced. Ends this process with a message and 127 where that fails.
pid_t start(const Command& command);
// Starts it as it is, neither traced nor measured.
pid_t start_beside(const Command& command);

// Waits until the process ends. `on_tick` is called every interval, `on_exit` once, while it stands at its end.
Ended wait_for(pid_t pid, unsigned interval_ms, const std::function<void()>& on_tick,
               const std::function<void()>& on_exit);

}  // namespace neap::bench
