// Tells a hang by the state of processes, not by a clock: where the machine is busy enough, or emulated, any number of
// seconds passes without harm.
//
// A session hangs when, at so many looks in a row, each of its threads slept and none had run since the look before. A
// process that could run and gets no processor does not hang, nor does one that somebody stopped; and where nobody
// gives a processor to the watcher there are no looks. Whoever freezes a session has to freeze its watcher too. What is
// watched may not sleep for longer than all looks together take, and a loop without end is not told: it ends by
// RLIMIT_CPU, or by CTest's limit.
#ifndef NEAP_TESTS_HANG_HANG_H
#define NEAP_TESTS_HANG_HANG_H

#include <sys/types.h>

#include <cstdint>

namespace hang {

struct Patience {
  unsigned looks = 60;
  int pace_ms = 1000;  // between two looks, at least
};

// In a child, first of all: a session of its own, whose leader ends when its parent does.
void begin_session();

class Session {
 public:
  explicit Session(pid_t leader) : leader_(leader) {}

  // One look: whether everybody sleeps and nobody has run since the last one.
  bool is_still();

  // On stderr, a line for each thread; and its stack, where there is a gdb.
  void print_threads() const;

  void kill() const;

 private:
  pid_t leader_;
  std::uint64_t turns_ = 0;  // how often threads were put to sleep or set aside, all in all
};

struct Ending {
  int status = 0;  // as waitpid tells it
  bool hung = false;
};

// Until the leader of a session, which is our child, has ended. One that hangs is printed and killed.
Ending wait(pid_t leader, Patience patience = {});

}  // namespace hang

#endif
