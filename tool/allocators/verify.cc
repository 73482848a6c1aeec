#include "tool/allocators/verify.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tool/allocators/library_name.h"
#include "tool/inspect/elf.h"
#include "tool/inspect/mappings.h"

namespace neap {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 2s;
constexpr auto look_again_after = 2ms;

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

// glibc maps its own file before the program's first instruction runs; without it the loader is still at work.
bool loader_is_done(const std::vector<MappedFile>& files) {
  return std::any_of(files.begin(), files.end(),
                     [](const MappedFile& file) { return file_name(file.path) == "libc.so.6"; });
}

std::string mapped_rival(const std::vector<MappedFile>& files) {
  for (const MappedFile& file : files)
    if (const AllocatorRow* row = row_of_library(file.path); row != nullptr && row->name != "libc")
      return file_name(file.path);
  return {};
}

Verification verify_neap(pid_t pid) {
  const auto address = find_telemetry(pid);
  if (!address) return {Verdict::not_yet, "libneap is not mapped in it"};
  const auto telemetry = read_telemetry(pid, *address);
  if (!telemetry) return {Verdict::cannot_tell, "no right to read its memory; try as root"};
  if (telemetry->exempt != 0) return {Verdict::does_not_serve, "/etc/neap/except names it"};
  if (telemetry->magic != NEAP_TELEMETRY_MAGIC || telemetry->served == 0)
    return {Verdict::not_yet, "libneap is mapped in it but served no call"};
  return {Verdict::serves, {}};
}

}  // namespace

Verification verify_allocator(pid_t pid, const Allocator& allocator) {
  const auto files = read_mapped_files(pid);
  if (!files) {
    if (::kill(pid, 0) != 0) return {Verdict::ended, {}};
    return {Verdict::cannot_tell, "no right to look into it; try as root"};
  }
  if (files->empty()) return {Verdict::ended, {}};
  if (!loader_is_done(*files)) return {Verdict::not_yet, "no libc is mapped in it: static, or a different C library"};
  if (allocator.is_neap()) return verify_neap(pid);
  if (allocator.library.empty()) {
    const std::string rival = mapped_rival(*files);
    if (rival.empty()) return {Verdict::serves, {}};
    return {Verdict::does_not_serve, fmt::format("{} is loaded in it", rival)};
  }
  const bool mapped =
      std::any_of(files->begin(), files->end(), [&](const MappedFile& file) { return file.path == allocator.library; });
  if (!mapped) return {Verdict::not_yet, fmt::format("{} is not mapped in it", file_name(allocator.library))};
  if (find_exported(openable(pid, files->front()), "malloc"))
    return {Verdict::does_not_serve, "it has a malloc of its own built in"};
  return {Verdict::serves, {}};
}

Verification verify_soon(pid_t pid, const Allocator& allocator) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Verification last = verify_allocator(pid, allocator);
  while (last.verdict == Verdict::not_yet && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(look_again_after);
    last = verify_allocator(pid, allocator);
  }
  return last;
}

std::string explain(const Verification& verification, const Allocator& allocator, const std::string& program) {
  switch (verification.verdict) {
    case Verdict::serves:
    case Verdict::ended:
      return {};
    case Verdict::cannot_tell:
      return fmt::format("cannot tell whether {} serves {}: {}", allocator.label, program, verification.reason);
    case Verdict::not_yet:
    case Verdict::does_not_serve:
      break;
  }
  return fmt::format("{} did not take effect in {}: {}", allocator.label, program, verification.reason);
}

}  // namespace neap
