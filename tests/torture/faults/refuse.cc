#include "refuse.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>

#include "mapped.h"
#include "plan.h"

namespace refuse {
namespace {

constinit Mapped mapped;

int fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

bool set_filter(long number, std::uint32_t action, bool seen) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (seen)
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  return syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

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
