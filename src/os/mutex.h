// Mutex: a three-state futex lock of one word, constant-initialised, free of charge while the process has one thread.
// Held for short batches only; no system call that can block is made under it. Satisfies BasicLockable.
//
// The word is 0 free, 1 held, 2 held with sleepers (U. Drepper, "Futexes Are Tricky", 2011). Its acquire in lock()
// pairs with the release in unlock().
#pragma once

#include <sys/single_threaded.h>

#include <atomic>
#include <cstdint>

#include "os/os.h"

namespace neap {

// True while no second thread can exist. glibc keeps it (since 2.32); it turns false before pthread_create returns.
inline bool single_threaded() { return __libc_single_threaded != 0; }

class Mutex {
 public:
  void lock() {
    if (single_threaded()) [[likely]] {
      word_.store(kHeld, std::memory_order_relaxed);
      return;
    }
    std::uint32_t free = kFree;
    if (!word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire)) lock_slow();
  }

  bool try_lock() {
    if (word_.load(std::memory_order_relaxed) != kFree) return false;
    std::uint32_t free = kFree;
    return word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire);
  }

  void unlock() {
    if (single_threaded()) [[likely]] {
      word_.store(kFree, std::memory_order_release);
      return;
    }
    if (word_.exchange(kFree, std::memory_order_release) == kContended) os::wake_one(address());
  }

  // In the child of a fork, where no other thread exists.
  void reset() { word_.store(kFree, std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;
  static constexpr int kSpins = 100;  // a batch under a lock takes less than this many pauses

  [[gnu::noinline]] void lock_slow() {
    for (int i = 0; i < kSpins; ++i) {
      if (word_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
      pause();
    }
    while (word_.exchange(kContended, std::memory_order_acquire) != kFree) os::wait(address(), kContended);
  }
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  const std::uint32_t* address() const { return reinterpret_cast<const std::uint32_t*>(&word_); }

  std::atomic<std::uint32_t> word_{kFree};
};
static_assert(sizeof(Mutex) == 4);

template <class Lock>
class [[nodiscard]] Guard {
 public:
  explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
  ~Guard() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

}  // namespace neap
