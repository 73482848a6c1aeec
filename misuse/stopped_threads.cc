#include "misuse/stopped_threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace neap::misuse {
namespace {

constexpr std::size_t kMax = 4096;  // threads whose stack pointers are kept; the whole stacks of others are searched
constexpr int kWaitMs = 1000;       // for a thread that the kernel does not let go

std::uint64_t stack[kMax];
constinit std::atomic<std::uint32_t> arrived{0}, is_stopped{0}, inside{0};
struct sigaction before;

int stop_signal() { return SIGRTMAX - 3; }

void stand_still(int, siginfo_t*, void* context) {
  const int error = errno;
  inside.fetch_add(1);
  const std::uint32_t place = arrived.fetch_add(1);
  if (place < kMax) stack[place] = reinterpret_cast<std::uint64_t>(context);
  while (is_stopped.load() != 0) syscall(SYS_futex, &is_stopped, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0);
  inside.fetch_sub(1);
  errno = error;
}

// Whether the signal would not be handled: the thread blocks it, or has ended. The first thread may end before the
// others.
bool blocks(int thread) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  const ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  text[got > 0 ? got : 0] = '\0';
  const char* const mask = strstr(text, "SigBlk:");
  return strstr(text, "\nState:\tZ") != nullptr || mask == nullptr ||
         (strtoull(mask + 7, nullptr, 16) >> (stop_signal() - 1) & 1) != 0;
}

// fn(thread) for the others.
template <class Fn>
void each_other(Fn fn) {
  const int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  alignas(dirent64) char entries[8192];
  for (long got; (got = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0;) {
    for (long at = 0; at < got;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries + at);
      const int thread = atoi(entry->d_name);
      if (thread != 0 && thread != gettid()) fn(thread);
      at += entry->d_reclen;
    }
  }
  close(folder);
}

void set_handler(const struct sigaction& action, struct sigaction* old) { sigaction(stop_signal(), &action, old); }

}  // namespace

StoppedThreads::StoppedThreads() {
  struct sigaction ours {};
  ours.sa_sigaction = stand_still;
  ours.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&ours.sa_mask);
  set_handler(ours, &before);
  arrived = 0;
  is_stopped = 1;
  each_other([this](int thread) {
    if (!blocks(thread) && syscall(SYS_tgkill, getpid(), thread, stop_signal()) == 0) ++asked_;
  });
  const timespec pause{0, 1'000'000};
  for (int i = 0; i < kWaitMs && arrived.load() < asked_; ++i) nanosleep(&pause, nullptr);
}

StoppedThreads::~StoppedThreads() {
  is_stopped = 0;
  syscall(SYS_futex, &is_stopped, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
  const timespec pause{0, 1'000'000};
  for (int i = 0; i < kWaitMs && inside.load() > 0; ++i) nanosleep(&pause, nullptr);
  if (arrived.load() >= asked_) set_handler(before, nullptr);  // else a signal may yet come, and end the program
}

std::span<const std::uint64_t> StoppedThreads::stacks() const {
  return {stack, std::min<std::size_t>(arrived.load(), kMax)};
}

}  // namespace neap::misuse
