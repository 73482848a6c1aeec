// What the library asks the system besides memory: limits, the clock, random bits, CPUs, small files.
#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <cstring>

#include "base/units.h"
#include "os/control_group.h"
#include "os/os.h"
#include "os/sandbox.h"
#include "os/system_call.h"

namespace neap::os {
namespace {

// What was asked before the process went into its sandbox. Inside, these are the answers.
struct Facts {
  std::atomic<bool> sandboxed{false};
  std::atomic<std::uint64_t> address_space{RLIM_INFINITY}, data{RLIM_INFINITY}, secret{0};
  std::atomic<std::size_t> cpus{0};
  std::atomic<int> strict_overcommit{-1}, filtered{-1};  // -1: not looked at yet
};
constinit Facts known;

std::uint64_t ask_limit(int which) {
  struct {
    std::uint64_t now, most;
  } limit;
  return system_call(SYS_prlimit64, 0, which, nullptr, &limit) == 0 ? limit.now : RLIM_INFINITY;
}

std::uint64_t limit(int which, const std::atomic<std::uint64_t>& known_one) {
  return in_sandbox() ? known_one.load(std::memory_order_relaxed) : ask_limit(which);
}

int open_to_read(const char* path, int flags) {
  return static_cast<int>(system_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | flags));
}

// Reads the beginning of a file of the kernel's own; returns how many bytes.
std::size_t read_beginning(const char* path, char* out, std::size_t most) {
  const int file = open_to_read(path, 0);
  if (file < 0) return 0;
  const long got = system_call(SYS_read, file, out, most);
  system_call(SYS_close, file);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool ask_whether_overcommit_is_strict() {
  char mode = 0;
  return read_beginning("/proc/sys/vm/overcommit_memory", &mode, 1) == 1 && mode == '2';
}

bool ask_whether_filtered() {
  char text[2048];
  text[read_beginning("/proc/self/status", text, sizeof text - 1)] = 0;
  return std::strstr(text, "\nSeccomp:\t0\n") == nullptr;
}

// Answers a question that is asked once.
bool answer(std::atomic<int>& known_one, bool (*ask)()) {
  int yes = known_one.load(std::memory_order_relaxed);
  if (yes < 0) known_one.store(yes = ask() ? 1 : 0, std::memory_order_relaxed);
  return yes == 1;
}

bool overcommit_is_strict() { return answer(known.strict_overcommit, ask_whether_overcommit_is_strict); }

// The mask has a bit for every CPU that the kernel can have. Refused where that is more than 1,024.
std::size_t ask_cpu_bound() {
  unsigned char mask[128];
  const long bytes = system_call(SYS_sched_getaffinity, 0, sizeof mask, mask);
  return bytes > 0 ? static_cast<std::size_t>(bytes) * 8 : 0;
}

bool ask_random(std::uint64_t& bits) {
  return system_call(SYS_getrandom, &bits, sizeof bits, GRND_NONBLOCK) == sizeof bits;
}

// Where nothing random can be asked for: what the system gave the process at its start, which is used for other secrets
// too, so that none of its bits is shown, and what was asked before a sandbox.
std::uint64_t random_from_start() {
  static constinit std::atomic<std::uint64_t> calls{0};
  const std::uint64_t* start = reinterpret_cast<const std::uint64_t*>(getauxval(AT_RANDOM));
  std::uint64_t bits = (start != nullptr ? start[0] ^ start[1] : 0) ^ known.secret.load(std::memory_order_relaxed);
  bits ^= calls.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15;
  for (int round = 0; round < 3; ++round) bits = (bits ^ bits >> 31) * 0xbf58476d1ce4e5b9;
  return bits ^ bits >> 31;
}

}  // namespace

std::size_t read_page_size() { return getauxval(AT_PAGESZ); }

bool in_sandbox() { return known.sandboxed.load(std::memory_order_acquire); }

bool may_be_filtered() { return in_sandbox() || answer(known.filtered, ask_whether_filtered); }

void prepare_for_sandbox() {
  if (in_sandbox()) return;
  known.address_space.store(ask_limit(RLIMIT_AS), std::memory_order_relaxed);
  known.data.store(ask_limit(RLIMIT_DATA), std::memory_order_relaxed);
  overcommit_is_strict();
  known.cpus.store(ask_cpu_bound(), std::memory_order_relaxed);
  if (std::uint64_t bits; ask_random(bits)) known.secret.store(bits, std::memory_order_relaxed);
  known.sandboxed.store(true, std::memory_order_release);
}

bool counts_commits() { return overcommit_is_strict() || limit(RLIMIT_DATA, known.data) != RLIM_INFINITY; }

std::size_t address_space_limit() {
  const std::uint64_t bytes = limit(RLIMIT_AS, known.address_space);
  return bytes == RLIM_INFINITY ? SIZE_MAX : static_cast<std::size_t>(bytes);
}

bool group_memory(GroupMemory& out) {
  if (in_sandbox()) return false;
  static constinit GroupTexts texts{};
  out = read_group_memory(read_beginning, texts);
  return true;
}

std::size_t cpu_bound() { return in_sandbox() ? known.cpus.load(std::memory_order_relaxed) : ask_cpu_bound(); }

std::uint64_t random() {
  std::uint64_t bits;
  return !in_sandbox() && ask_random(bits) ? bits : random_from_start();
}

// (Through the C library, which knows of the system's clock without a system call.)
std::uint64_t coarse_time() {
  const int before = errno;
  timespec now{};
  const bool told = clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0;
  errno = before;
  return told ? static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec) : 0;
}

std::size_t read_file_of_root(const char* path, char* buffer, std::size_t size) {
  const int file = open_to_read(path, O_NOFOLLOW);
  if (file < 0) return 0;
  struct stat status;
  const bool trusted = system_call(SYS_fstat, file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 &&
                       (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  const long got = trusted ? system_call(SYS_read, file, buffer, size) : 0;
  system_call(SYS_close, file);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

}  // namespace neap::os
