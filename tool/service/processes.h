// What the processes of a service run, each looked at on its own: libneap by the calls it served, others by what is
// mapped (tool/allocators/verify.h).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/allocators/verify.h"
#include "tool/model/allocator.h"
#include "tool/systemd/manager.h"

namespace neap {

struct ProcessState {
  pid_t pid = 0;
  std::string name;
  std::string allocator;  // "neap", "libc", a known name; empty when it cannot be told
  std::uint64_t resident_bytes = 0;
  std::int64_t started = 0;  // seconds since 1970
};

// Processes that end while one looks are left out.
std::vector<ProcessState> look_at(const std::vector<UnitProcess>& processes);

std::uint64_t resident_bytes(const std::vector<UnitProcess>& processes);

struct Misfit {
  UnitProcess process;
  Verification verification;
};

// The processes that do not run `allocator`. Empty: all do.
std::vector<Misfit> misfits(const std::vector<UnitProcess>& processes, const Allocator& allocator);

}  // namespace neap
