#include "refuse.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mapped.h"

namespace refuse {
namespace {

constexpr long call_numbers[call_kinds] = {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_mincore};

struct Plan {
  int call = -1;  // nothing is refused
  int way = once;
  unsigned long n = 0;
};

constinit std::array<std::atomic<std::uint64_t>, call_kinds> counts;
constinit std::atomic<bool> ended{false};
constinit Mapped mapped;

int index_in(const char* const* names, int count, const char* name) {
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(names[i], name) == 0) return i;
  }
  return -1;
}

Plan read_plan() {
  Plan plan;
  char call[16], way[16];
  const char* text = environ != nullptr ? std::getenv(plan_variable) : nullptr;
  if (text == nullptr || std::sscanf(text, "%15s %15s %lu", call, way, &plan.n) != 3) return plan;
  plan.call = index_in(call_names, call_kinds, call);
  plan.way = index_in(way_names, 4, way);
  return plan;
}

const Plan& plan() {
  static constinit std::atomic<bool> known{false};
  static constinit Plan read;
  if (!known.load(std::memory_order_acquire) && environ != nullptr) {  // the first call comes before the first thread
    read = read_plan();
    known.store(true, std::memory_order_release);
  }
  return read;
}

// Counts a call; 0 when it may go on, otherwise the error that it fails with.
int refused(Call call) {
  const std::uint64_t number = ++counts[call];
  const Plan& now = plan();
  if (now.call != call || ended.load(std::memory_order_relaxed)) return 0;
  const bool hit = now.way == once    ? number == now.n
                   : now.way == every ? number % now.n == 0
                   : now.way == from  ? number >= now.n
                                      : false;
  constexpr int errors[] = {ENOMEM, EPERM, EINVAL, EAGAIN};
  return hit ? errors[now.n % 4] : 0;
}

// The part of a range on which a refused call is carried out all the same.
std::size_t half_of(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size / 2 / page * page;
}

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

bool begin_for_ever() {
  if (plan().way != for_ever || plan().call < 0) return true;
  const auto number = static_cast<std::uint32_t>(call_numbers[plan().call]);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool end() {
  ended = true;
  return plan().call < 0 || plan().way != for_ever;
}

std::uint64_t calls(Call call) { return counts[call]; }
void note_object(const void* object) { mapped.note_object(reinterpret_cast<std::uintptr_t>(object)); }
std::size_t resident_bytes() { return mapped.resident_bytes(); }

}  // namespace refuse

extern "C" {

void* mmap(void* hint, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
  if (const int error = refuse::refused(refuse::map)) {
    errno = error;
    return MAP_FAILED;
  }
  const long got = syscall(SYS_mmap, hint, size, protection, flags, file, offset);
  if (got != -1 && (flags & MAP_FIXED) == 0) refuse::mapped.add(static_cast<std::uintptr_t>(got), size);
  return reinterpret_cast<void*>(got);
}

int munmap(void* address, std::size_t size) noexcept {
  if (const int error = refuse::refused(refuse::unmap)) return refuse::fail(error);
  refuse::mapped.remove(reinterpret_cast<std::uintptr_t>(address), size);  // first: another thread may get it at once
  return static_cast<int>(syscall(SYS_munmap, address, size));
}

int mprotect(void* address, std::size_t size, int protection) noexcept {
  const int error = refuse::refused(refuse::protect);
  const long done = syscall(SYS_mprotect, address, error != 0 ? refuse::half_of(size) : size, protection);
  return error != 0 ? refuse::fail(error) : static_cast<int>(done);
}

int madvise(void* address, std::size_t size, int advice) noexcept {
  const int error = refuse::refused(refuse::advise);
  const long done = syscall(SYS_madvise, address, error != 0 ? refuse::half_of(size) : size, advice);
  return error != 0 ? refuse::fail(error) : static_cast<int>(done);
}

void* mremap(void* from, std::size_t size, std::size_t new_size, int flags, ...) noexcept {
  va_list rest;
  va_start(rest, flags);
  void* const to = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : nullptr;
  va_end(rest);
  if (const int error = refuse::refused(refuse::move)) {
    if (to != nullptr) syscall(SYS_munmap, to, new_size);
    errno = error;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(syscall(SYS_mremap, from, size, new_size, flags, to));
}

int mincore(void* address, std::size_t size, unsigned char* out) noexcept {
  if (const int error = refuse::refused(refuse::look)) return refuse::fail(error);
  return static_cast<int>(syscall(SYS_mincore, address, size, out));
}

}  // extern "C"
