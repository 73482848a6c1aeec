#include "tool/measure/interrupts.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "tool/measure/clock.h"

namespace neap {

Interrupts::Event Interrupts::wait_until(Seconds deadline) const {
  while (true) {
    const double left = std::max(0.0, (deadline - monotonic_now()).count);
    const double whole = std::floor(left);
    const timespec patience{static_cast<time_t>(whole), static_cast<long>((left - whole) * 1e9)};
    siginfo_t info{};
    const int got = ::sigtimedwait(&set_, &info, &patience);
    if (got > 0) return {got, info.si_code == SI_KERNEL};
    if (errno == EAGAIN) return {};
  }
}

}  // namespace neap
