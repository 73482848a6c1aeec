// process_madvise, which the library makes by the instruction, and only where there is no filter and madvise is the C
// library's. So it is trapped by a filter that the library does not know of: it has looked before, once and for all,
// and prctl, which it would see, is not called. The signal's handler answers in the kernel's place, on any kernel.
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>

#include "calls.h"
#include "plan.h"

namespace refuse {
namespace {

struct Asked {
  const iovec* ranges;
  std::size_t count;
  int advice;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += ranges[i].iov_len;
    return sum;
  }
};

// Carries out what is asked on its first bytes. Returns on how many, or the error of the first range.
long carry_out(const Asked& asked, std::size_t bytes) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < asked.count && done < bytes; ++i) {
    const iovec& range = asked.ranges[i];
    const std::size_t size = range.iov_len < bytes - done ? range.iov_len : bytes - done;
    if (madvise(range.iov_base, size, asked.advice) != 0) return done != 0 ? static_cast<long>(done) : -errno;
    done += size;
  }
  return static_cast<long>(done);
}

// How many bytes a call advises that is cut short: all but a page, half, a page, or none. So it ends within a range.
std::size_t short_of(std::size_t bytes) {
  const std::size_t advised[] = {bytes - page_size(), half_of(bytes), page_size(), 0};
  return advised[plan().n % 4];
}

long answer(const Asked& asked) {
  const std::size_t bytes = asked.bytes();
  if (const int error = refused(advise_together)) {
    carry_out(asked, half_of(bytes));
    return -error;
  }
  return carry_out(asked, refused(advise_less) != 0 ? short_of(bytes) : bytes);
}

void on_trap(int, siginfo_t*, void* context) {
  const int before = errno;
  mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto ranges = machine.gregs[REG_RSI], count = machine.gregs[REG_RDX], advice = machine.gregs[REG_R10];
  auto& result = machine.gregs[REG_RAX];
#else
  const auto ranges = machine.regs[1], count = machine.regs[2], advice = machine.regs[3];
  auto& result = machine.regs[0];
#endif
  using Result = std::remove_reference_t<decltype(result)>;
  const Asked asked{reinterpret_cast<const iovec*>(ranges), static_cast<std::size_t>(count), static_cast<int>(advice)};
  result = static_cast<Result>(answer(asked));
  errno = before;
}

}  // namespace

bool may_refuse(Call call) { return call == advise_together || call == advise_less; }

bool begin() {
  if (syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) != 0) return false;
  stress::trim();  // before which the library looks whether there is a filter
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  const std::uint32_t answered = lasts_for_ever() ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_TRAP;
  return sigaction(SIGSYS, &action, nullptr) == 0 && set_filter(SYS_process_madvise, answered, false);
}

}  // namespace refuse
