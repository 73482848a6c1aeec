#include "tool/allocators/detect.h"

#include <map>
#include <string_view>

#include "tool/allocators/library_name.h"
#include "tool/inspect/elf.h"
#include "tool/inspect/mappings.h"

namespace neap {
namespace {

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

RunningAllocator named(std::string name, const MappedFile& file) {
  return {{name, name, file.path, {}}, file.unlinked};
}

std::optional<RunningAllocator> detect_neap(pid_t pid) {
  const auto place = locate_telemetry(pid);
  if (!place) return std::nullopt;
  const auto telemetry = read_telemetry(pid, place->address);
  const bool exempt = telemetry && telemetry->exempt != 0;  // libneap is in the process, and hands all calls on to libc
  if (exempt) return RunningAllocator{{"libc (exempt)", "libc", {}, {}}};
  RunningAllocator found = named("neap", place->file);
  if (place->file.path.find(".so") == std::string::npos) found.library.clear();  // linked into the program
  return found;
}

// What a file exports does not change, and the processes of a machine share their libraries.
bool exports_malloc(pid_t pid, const MappedFile& file) {
  static std::map<std::string, bool> known;
  const auto [entry, is_new] = known.try_emplace(file.identity, false);
  if (is_new) entry->second = find_exported(openable(pid, file), "malloc").has_value();
  return entry->second;
}

// True for libc, the loader and neap's own libraries. The latter stand before an allocator, which is what has a name.
bool is_no_allocator(const std::string& file) {
  return file.starts_with("libc.so.") || file.starts_with("ld-") || file.starts_with("libneap");
}

}  // namespace

std::optional<RunningAllocator> detect_allocator(pid_t pid) {
  const auto files = read_mapped_files(pid);
  if (!files || files->empty()) return std::nullopt;
  if (auto neap = detect_neap(pid)) return neap;
  bool libc = false;
  std::optional<RunningAllocator> other, unknown;
  for (const MappedFile& mapped : *files) {
    const std::string file = file_name(mapped.path);
    libc = libc || file.starts_with("libc.so.");
    if (const AllocatorRow* row = row_of_library(file)) {
      if (row->name == "libc") return named("libc", mapped);  // the forwarding library of neap stands before all others
      other = named(std::string(row->name), mapped);
    } else if (&mapped != &files->front() && file.find(".so") != std::string::npos && !is_no_allocator(file) &&
               exports_malloc(pid, mapped)) {
      unknown = named(file, mapped);
    }
  }
  if (other) return other;
  if (unknown) return unknown;
  if (!libc || exports_malloc(pid, files->front())) return std::nullopt;
  return RunningAllocator{{"libc", "libc", {}, {}}};
}

bool is_same(const Allocator& running, const Allocator& asked) {
  if (running.library.empty() || asked.library.empty()) return running.name == asked.name;
  return running.library == asked.library;
}

}  // namespace neap
