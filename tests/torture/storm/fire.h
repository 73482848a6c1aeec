// Fire: while it lives, its thread gets a signal every 100 microseconds, whose handler moves it to another CPU: what is
// done by restartable sequences is interrupted in all ways there are.
#ifndef NEAP_TESTS_TORTURE_FIRE_H
#define NEAP_TESTS_TORTURE_FIRE_H

#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "scene.h"

namespace torture {

class Fire {
 public:
  // Once, before the first one.
  static void kindle() {
    stress::require(sched_getaffinity(0, sizeof allowed_, &allowed_) == 0, "sched_getaffinity");
    struct sigaction action {};
    action.sa_handler = move_on;
    action.sa_flags = SA_RESTART;
    stress::require(sigaction(signal_number, &action, nullptr) == 0, "sigaction");
  }
  static std::uint64_t signals() { return signals_; }

  Fire() {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal_number;
    event._sigev_un._tid = gettid();
    stress::require(timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0, "timer_create");
    const itimerspec times = {{0, period_ns}, {0, period_ns}};
    timer_settime(timer_, 0, &times, nullptr);
  }
  ~Fire() { timer_delete(timer_); }
  Fire(const Fire&) = delete;
  Fire& operator=(const Fire&) = delete;

 private:
  static constexpr int signal_number = SIGUSR1;
  static constexpr long period_ns = 100000;

  static void move_on(int) {
    const int kept = errno;
    const auto number = signals_.fetch_add(1, std::memory_order_relaxed);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (unsigned i = 0, cpu = static_cast<unsigned>(sched_getcpu()) + 1; i < CPU_SETSIZE; ++i, ++cpu) {
      if (!CPU_ISSET(cpu % CPU_SETSIZE, &allowed_)) continue;
      CPU_SET(cpu % CPU_SETSIZE, &one);
      break;
    }
    sched_setaffinity(0, sizeof one, number % 8 == 0 ? &allowed_ : &one);
    errno = kept;
  }

  static inline cpu_set_t allowed_;
  static inline std::atomic<std::uint64_t> signals_{0};
  timer_t timer_;
};

}  // namespace torture

#endif
