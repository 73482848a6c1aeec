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
  std::uint64_t start = 0, end = 0;  // of the mapping with file offset 0
  std::string path;                  // as the process's own file system names it
  std::string identity;              // device and inode: the same bytes wherever they are equal
  bool unlinked = false;             // no file of that path is this one any more: replaced or removed since
};

// Each mapped file once, in address order. Nothing mapped: the process ended and waits to be reaped.
std::optional<std::vector<MappedFile>> read_mapped_files(pid_t pid);

// A path under which a mapped file opens here, also where the process has another root (chroot, a namespace) or the
// file was replaced: the kernel's own link to it for root, the process's root and the path for everybody else.
std::string openable(pid_t pid, const MappedFile& file);

// The `neap_telemetry` object of a process, wherever libneap lies in it: preloaded or linked in.
struct TelemetryPlace {
  std::uint64_t address = 0;
  MappedFile file;
};
std::optional<TelemetryPlace> locate_telemetry(pid_t pid);
std::optional<std::uint64_t> find_telemetry(pid_t pid);  // its address alone

std::optional<neap_telemetry> read_telemetry(pid_t pid, std::uint64_t address);

}  // namespace neap
