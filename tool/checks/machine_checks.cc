#include "tool/checks/machine_checks.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tool/allocators/probe.h"
#include "tool/systemd/manager.h"

namespace neap {
namespace {

constexpr long largest_page = 65536;
constexpr std::size_t reservation = std::size_t{64} << 20;  // of a first chunk: docs/design.md
constexpr long little_map_count = 65530;                    // the kernel's default

std::string line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Finding check_library(const Allocator& allocator) {
  AllocatorFacts facts{allocator, true, false, {}, {}, {}};
  probe_allocator(facts);
  if (facts.loads)
    return {Severity::fine, "library", fmt::format("{} {} loads and serves", allocator.library, facts.version), {}};
  return {Severity::obstacle, "library",
          fmt::format("a process under {} does not get its malloc from it", allocator.library),
          fmt::format("see what the loader says: LD_PRELOAD={} /bin/true", allocator.library)};
}

Finding check_place(const Allocator& allocator) {
  if (allocator.library.starts_with("/usr/lib/") || allocator.library.starts_with("/lib/"))
    return {Severity::fine, "place", "below /usr/lib, where AppArmor's base profile lets every program map it", {}};
  return {Severity::warning, "place",
          fmt::format("{} is not below /usr/lib: confined services cannot map it", allocator.library),
          "install it with the prefix /usr"};
}

Finding check_page() {
  const long page = ::sysconf(_SC_PAGESIZE);
  if (page <= largest_page) return {Severity::fine, "page size", fmt::format("{} KiB", page >> 10), {}};
  return {Severity::obstacle, "page size", fmt::format("{} KiB, libneap is made for 4 to 64 KiB", page >> 10),
          "use a kernel with smaller pages"};
}

Finding check_reservation() {
  void* space = ::mmap(nullptr, reservation, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED)
    return {Severity::warning, "reservation",
            fmt::format("64 MiB of address space are refused: {}", std::strerror(errno)),
            "raise ulimit -v (LimitAS= of a service)"};
  const bool returns =
      ::mprotect(space, reservation, PROT_READ | PROT_WRITE) == 0 && ::madvise(space, reservation, MADV_DONTNEED) == 0;
  ::munmap(space, reservation);
  if (returns) return {Severity::fine, "reservation", "address space is given, committed and taken back", {}};
  return {Severity::obstacle, "reservation", fmt::format("mprotect or madvise is refused: {}", std::strerror(errno)),
          "a seccomp filter is in the way: allow mmap, mprotect, madvise in it"};
}

Finding check_overcommit() {
  if (line_of("/proc/sys/vm/overcommit_memory") != "2") return {Severity::fine, "overcommit", "not strict", {}};
  return {Severity::warning, "overcommit",
          "strict (vm.overcommit_memory=2): what libneap commits counts, in steps of up to 16 MiB",
          "leave room in CommitLimit of /proc/meminfo (vm.overcommit_ratio)"};
}

Finding check_huge_pages() {
  if (line_of("/sys/kernel/mm/transparent_hugepage/enabled").find("[always]") == std::string::npos)
    return {Severity::fine, "huge pages", "only where a program asks for them", {}};
  return {Severity::fine,
          "huge pages",
          "on for all; libneap keeps them out of its heap, for they undo the return of single pages",
          {}};
}

Finding check_map_count() {
  const std::string text = line_of("/proc/sys/vm/max_map_count");
  if (text.empty() || std::stol(text) >= little_map_count)
    return {Severity::fine, "mappings", fmt::format("{} a process", text), {}};
  return {Severity::warning, "mappings", fmt::format("only {} a process (vm.max_map_count)", text),
          fmt::format("sysctl vm.max_map_count={}", little_map_count)};
}

// A file named there and missing makes ld.so complain at every start of every program.
Finding check_preload_file() {
  std::ifstream file(preload_path);
  std::string path;
  while (file >> path)
    if (path[0] == '/' && !std::filesystem::exists(path))
      return {Severity::warning, preload_path, fmt::format("names {}, which is not there", path),
              fmt::format("install it again, or take the line out of {}", preload_path)};
  return {Severity::fine, preload_path, file.is_open() ? "every library in it is there" : "absent", {}};
}

Finding check_container() {
  if (!is_container_image()) return {Severity::fine, "container", "none seen", {}};
  return {Severity::warning, "container", "this is one: a switch made here is gone with it",
          fmt::format("say it in the Dockerfile: {}", dockerfile_line)};
}

}  // namespace

bool is_container_image() {
  return std::filesystem::exists("/.dockerenv") || std::filesystem::exists("/run/.containerenv");
}

std::vector<Finding> check_machine(const Allocator& allocator) {
  std::vector<Finding> findings;
  if (!allocator.library.empty()) findings = {check_library(allocator), check_place(allocator)};
  for (Finding (*check)() : {check_page, check_reservation, check_overcommit, check_huge_pages, check_map_count,
                             check_preload_file, check_container})
    findings.push_back(check());
  return findings;
}

}  // namespace neap
