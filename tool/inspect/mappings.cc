#include "tool/inspect/mappings.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <sstream>

#include "tool/inspect/elf.h"

namespace neap {

std::optional<std::vector<MappedFile>> read_mapped_files(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::vector<MappedFile> files;
  std::string line;
  if (!maps) return std::nullopt;
  while (std::getline(maps, line)) {
    const auto slash = line.find('/');
    if (slash == std::string::npos) continue;
    std::istringstream fields(line.substr(0, slash));
    std::string range, rights;
    std::uint64_t offset = 0;
    fields >> range >> rights >> std::hex >> offset;
    if (offset == 0) files.push_back({std::stoull(range, nullptr, 16), line.substr(slash)});
  }
  return files;
}

std::optional<std::uint32_t> count_mappings(pid_t pid) {
  const int file = ::open(("/proc/" + std::to_string(pid) + "/maps").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 65536> buffer;
  std::uint32_t lines = 0;
  ssize_t got = 0;
  while ((got = ::read(file, buffer.data(), buffer.size())) > 0)
    lines += static_cast<std::uint32_t>(std::count(buffer.data(), buffer.data() + got, '\n'));
  ::close(file);
  if (got < 0 || lines == 0) return std::nullopt;
  return lines;
}

std::optional<std::uint64_t> find_telemetry(pid_t pid) {
  const auto files = read_mapped_files(pid);
  if (!files) return std::nullopt;
  const std::string root = "/proc/" + std::to_string(pid) + "/root";
  for (const MappedFile& file : *files) {
    const bool program = &file == &files->front();
    if (!program && file.path.find("libneap", file.path.rfind('/')) == std::string::npos) continue;
    const auto symbol = find_exported(root + file.path, "neap_telemetry");
    if (symbol) return file.start + symbol->address - read_elf(root + file.path).first_load_address;
  }
  return std::nullopt;
}

std::optional<neap_telemetry> read_telemetry(pid_t pid, std::uint64_t address) {
  neap_telemetry telemetry{};
  iovec local{&telemetry, sizeof telemetry};
  iovec remote{reinterpret_cast<void*>(address), sizeof telemetry};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  if (got != sizeof telemetry) return std::nullopt;
  // An older library's ends sooner; what lies behind it is not telemetry.
  if (telemetry.size <= offsetof(neap_telemetry, exempt)) telemetry.exempt = 0;
  if (telemetry.size <= offsetof(neap_telemetry, layout)) telemetry.layout = nullptr;
  return telemetry;
}

}  // namespace neap
