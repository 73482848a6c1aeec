// The two clocks of a recording: time since boot without jumps, and the CPU time this process has used itself.
#pragma once
#include <time.h>

#include "tool/model/units.h"

namespace neap {

inline Seconds read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return {static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9};
}

inline Seconds monotonic_now() { return read_clock(CLOCK_MONOTONIC); }
inline Seconds own_cpu_now() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace neap
