// A process sets a filter by prctl, or has to set no_new_privs by prctl first. So the checker stands before prctl, and
// libneap's own comes after it.
#include "misuse/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/prctl.h>

#include <atomic>

namespace neap::misuse {
namespace {

constinit std::atomic<bool> is_set{false};

}  // namespace

bool is_sandboxed() { return is_set.load(std::memory_order_relaxed); }

}  // namespace neap::misuse

extern "C" [[gnu::visibility("default")]] int prctl(int option, unsigned long a, unsigned long b, unsigned long c,
                                                    unsigned long d) noexcept {
  using Prctl = int (*)(int, ...);
  static const auto next = reinterpret_cast<Prctl>(dlsym(RTLD_NEXT, "prctl"));
  if (next == nullptr) return errno = ENOSYS, -1;
  if (option == PR_SET_NO_NEW_PRIVS || option == PR_SET_SECCOMP) neap::misuse::is_set = true;
  return next(option, a, b, c, d);
}
