// Stopped: holds every thread of a process still while it lives, by ptrace, and lets them go on at its end. The target
// sees no signal; calls that wait begin again. The threads are also let go when the reader dies.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <set>

#include "tool/model/units.h"

namespace neap {

class Stopped {
 public:
  // Throws Failure when it may not be traced, or another tracer has it.
  explicit Stopped(pid_t pid);
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped();

  Seconds so_far() const;

 private:
  void hold(pid_t pid);
  void release();

  std::set<pid_t> threads_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace neap
