// What /proc tells of one process. Reads that fail (the process is gone) give nothing.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace neap::bench {

struct Resident {
  std::uint64_t anonymous, file;  // bytes
};

// From statm: cheap enough for a hundred times a second.
std::optional<Resident> read_resident(pid_t pid);

struct Rollup {
  std::uint64_t rss, pss, anonymous, private_dirty;  // bytes
};

// From smaps_rollup: exact, and walks the page tables.
std::optional<Rollup> read_rollup(pid_t pid);

std::uint64_t read_peak(pid_t pid);  // VmHWM

// Paths of the mapped files that look like shared libraries, each once.
std::vector<std::string> read_libraries(pid_t pid);

}  // namespace neap::bench
