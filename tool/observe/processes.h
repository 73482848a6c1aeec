// What the processes of a service run, each looked at on its own: libneap by the calls it served, others by what is
// mapped (tool/allocators/verify.h).
#pragma once
#include <compare>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tool/allocators/verify.h"
#include "tool/model/allocator.h"
#include "tool/systemd/manager.h"

namespace neap {

struct ProcessState {
  pid_t pid = 0;
  std::string name;
  std::string allocator;          // "neap", "libc", a known name, a file's; empty when it cannot be told
  std::string library;            // the file it comes from; empty for libc
  bool library_replaced = false;  // the file was replaced or removed since the process started
  bool is_hidden = false;         // no right to look into it
  std::uint64_t resident_bytes = 0;
  std::int64_t started = 0;      // seconds since 1970
  std::uint64_t start_tick = 0;  // which of two that began in one second is older
};

// Processes that end while one looks are left out.
std::vector<ProcessState> look_at(const std::vector<UnitProcess>& processes);

std::uint64_t resident_bytes(const std::vector<UnitProcess>& processes);

// Names a process for good: a number may come again, but not with the same start.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start = 0;  // ticks since the boot
  auto operator<=>(const ProcessIdentity&) const = default;
};

// What /proc/PID/stat says; empty when there is no such process.
struct ProcessFacts {
  ProcessIdentity identity;
  std::string name;
  pid_t parent = 0;
};
std::optional<ProcessFacts> read_process(pid_t pid);

double seconds_since_boot();
double ticks_as_seconds(std::uint64_t ticks);

std::set<ProcessIdentity> identities(const std::vector<UnitProcess>& processes);

struct Misfit {
  UnitProcess process;
  Verification verification;
};

struct Examination {
  std::size_t verified = 0;              // processes that run it
  std::vector<Misfit> misfits;           // those that do not
  std::vector<UnitProcess> passed_over;  // that are older than the switch, and were left alone by a restart
};

Examination examine(const std::vector<UnitProcess>& processes, const Allocator& allocator,
                    const std::set<ProcessIdentity>& older = {});

}  // namespace neap
