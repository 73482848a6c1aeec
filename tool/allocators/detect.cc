#include "tool/allocators/detect.h"

#include <filesystem>

#include "tool/allocators/table.h"
#include "tool/inspect/elf.h"
#include "tool/inspect/mappings.h"

namespace neap {
namespace {

const AllocatorRow* row_of_file(const std::string& file) {
  for (const AllocatorRow& row : allocator_table)
    for (const std::string_view known : row.files)
      if (file.starts_with(known)) return &row;
  return nullptr;
}

}  // namespace

std::optional<Allocator> detect_allocator(pid_t pid) {
  const auto files = read_mapped_files(pid);
  if (!files || files->empty()) return std::nullopt;
  if (const auto address = find_telemetry(pid)) {
    const auto telemetry = read_telemetry(pid, *address);
    const bool exempt = telemetry && telemetry->exempt != 0;  // the library is in it and hands on to libc
    return exempt ? Allocator{"libc (exempt)", "libc", {}, {}} : Allocator{"neap", "neap", {}, {}};
  }
  bool libc = false;
  const AllocatorRow* other = nullptr;
  std::string library;
  for (const MappedFile& mapped : *files) {
    const std::string file = std::filesystem::path(mapped.path).filename().string();
    if (file.starts_with("libc.so.")) libc = true;
    const AllocatorRow* row = row_of_file(file);
    if (row == nullptr) continue;
    if (row->name == "libc")
      return Allocator{"libc", "libc", mapped.path, {}};  // the forwarding library stands before all
    other = row;
    library = mapped.path;
  }
  if (other != nullptr) return Allocator{std::string(other->name), std::string(other->name), library, {}};
  if (!libc || find_exported(files->front().path, "malloc")) return std::nullopt;
  return Allocator{"libc", "libc", {}, {}};
}

}  // namespace neap
