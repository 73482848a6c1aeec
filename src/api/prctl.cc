// prctl: whoever forbids itself system calls comes through here, because a seccomp filter is either set by prctl or
// needs no_new_privs first, which is. A filter that was made for the C library's malloc may end the process at a call
// that only libneap makes. So libneap makes all such calls now, and inside the filter only those for memory, futexes,
// and the end after a misuse.
// This file is for libneap.so only: in libneap.a the name would meet libc.a's.
#include <errno.h>
#include <linux/prctl.h>

#include "api/export.h"
#include "api/next.h"
#include "api/process.h"
#include "os/os.h"

namespace {

constinit neap::Next<int (*)(int, ...)> next{"prctl"};

}  // namespace

extern "C" NEAP_EXPORT int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  const auto libc = next.get();
  if (libc == nullptr) [[unlikely]]
    return errno = ENOSYS, -1;
  if (option == PR_SET_NO_NEW_PRIVS || option == PR_SET_SECCOMP) {
    neap::heap.look_at_limit();
    neap::os::prepare_for_sandbox();
  }
  return libc(option, a, b, c, d);
}
