#include "tool/inspect/mappings.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "tool/inspect/elf.h"

namespace neap {
namespace {

constexpr std::string_view unlinked_mark = " (deleted)";

// "start-end rights offset device inode   path", the kernel's form (proc(5)).
std::optional<MappedFile> parse_mapping(const std::string& line) {
  const auto slash = line.find('/');
  if (slash == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(0, slash));
  std::string range, rights, device, inode;
  std::uint64_t offset = 0;
  fields >> range >> rights >> std::hex >> offset >> device >> inode;
  if (offset != 0) return std::nullopt;
  MappedFile file;
  std::size_t used = 0;
  file.start = std::stoull(range, &used, 16);
  file.end = std::stoull(range.substr(used + 1), nullptr, 16);
  file.path = line.substr(slash);
  file.identity = device + ' ' + inode;
  file.unlinked = file.path.ends_with(unlinked_mark);
  if (file.unlinked) file.path.resize(file.path.size() - unlinked_mark.size());
  return file;
}

}  // namespace

std::optional<std::vector<MappedFile>> read_mapped_files(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::vector<MappedFile> files;
  std::string line;
  if (!maps) return std::nullopt;
  while (std::getline(maps, line))
    if (auto file = parse_mapping(line)) files.push_back(std::move(*file));
  return files;
}

std::string openable(pid_t pid, const MappedFile& file) {
  char name[64];
  std::snprintf(name, sizeof name, "/proc/%d/map_files/%lx-%lx", pid, file.start, file.end);
  return ::access(name, R_OK) == 0 ? name : "/proc/" + std::to_string(pid) + "/root" + file.path;
}

std::optional<TelemetryPlace> locate_telemetry(pid_t pid) {
  const auto files = read_mapped_files(pid);
  if (!files) return std::nullopt;
  for (const MappedFile& file : *files) {
    const bool program = &file == &files->front();
    if (!program && file.path.find("libneap", file.path.rfind('/')) == std::string::npos) continue;
    const std::string opened = openable(pid, file);
    if (const auto symbol = find_exported(opened, "neap_telemetry"))
      return TelemetryPlace{file.start + symbol->address - read_elf(opened).first_load_address, file};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> find_telemetry(pid_t pid) {
  const auto place = locate_telemetry(pid);
  return place ? std::optional(place->address) : std::nullopt;
}

std::optional<neap_telemetry> read_telemetry(pid_t pid, std::uint64_t address) {
  neap_telemetry telemetry{};
  iovec local{&telemetry, sizeof telemetry};
  iovec remote{reinterpret_cast<void*>(address), sizeof telemetry};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  if (got != sizeof telemetry) return std::nullopt;
  // An older library's telemetry ends sooner. What lies behind it is another object, and the fields there read as 0.
  const std::size_t known = std::min<std::size_t>(telemetry.size, sizeof telemetry);
  std::memset(reinterpret_cast<char*>(&telemetry) + known, 0, sizeof telemetry - known);
  return telemetry;
}

}  // namespace neap
