// Use: what a run's processes took of CPU and page faults, from its samples, where the kernel's own account of the
// whole is not there: a live process that was joined, a stretch of a recording, a recorder that was killed.
#pragma once
#include <cstdint>

#include "tool/model/run.h"

namespace neap {

struct Use {
  Seconds cpu;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
};

Use use_of(const Run& run);

}  // namespace neap
