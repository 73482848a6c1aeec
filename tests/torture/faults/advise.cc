// madvise in front of the C library's. The library sees that somebody stands there, and makes no process_madvise.
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "plan.h"

namespace refuse {

bool may_refuse(Call call) { return call != advise_together && call != advise_less; }

bool begin() {
  constexpr long numbers[] = {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_mincore};
  if (!lasts_for_ever()) return true;
  return set_filter(numbers[plan().call], SECCOMP_RET_ERRNO | EPERM, true);
}

}  // namespace refuse

extern "C" int madvise(void* address, std::size_t size, int advice) noexcept {
  const int error = refuse::refused(refuse::advise);
  const long done = syscall(SYS_madvise, address, error != 0 ? refuse::half_of(size) : size, advice);
  if (error != 0) errno = error;
  return error != 0 ? -1 : static_cast<int>(done);
}
