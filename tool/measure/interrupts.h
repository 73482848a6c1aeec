// Interrupts: the signals that a measurement waits for while it sleeps. Ctrl-C, SIGTERM and SIGHUP end it cleanly; the
// end of a child wakes it. Blocked for the whole of neap's life in a measuring verb; start_child unblocks them again.
#pragma once
#include <signal.h>

#include <array>

#include "tool/model/units.h"

namespace neap {

class Interrupts {
 public:
  Interrupts() {
    ::sigemptyset(&set_);
    for (const int each : std::array{SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&set_, each);
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  struct Event {
    int signal = 0;              // 0: the time is up
    bool from_terminal = false;  // then the program got it too
  };

  // Sleeps until `deadline` on the monotonic clock or until a signal comes.
  Event wait_until(Seconds deadline) const;

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace neap
