// The files mapped into a live process, and its libneap telemetry, read from outside. Needs the rights of ptrace:
// the same user and a dumpable process, or root. Everything here returns empty where it is not permitted.
#pragma once
#include <neap/neap.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace neap {

struct MappedFile {
  std::uint64_t start = 0;  // of the mapping with file offset 0
  std::string path;
};

// Each mapped file once, in address order. Nothing mapped: the process ended and waits to be reaped.
std::optional<std::vector<MappedFile>> read_mapped_files(pid_t pid);

// Number of mappings (VMAs) of the process.
std::optional<std::uint32_t> count_mappings(pid_t pid);

// Address of the `neap_telemetry` object in the process, wherever libneap lies in it: preloaded or linked in.
std::optional<std::uint64_t> find_telemetry(pid_t pid);

std::optional<neap_telemetry> read_telemetry(pid_t pid, std::uint64_t address);

}  // namespace neap
