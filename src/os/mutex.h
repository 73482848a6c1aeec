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

// True while no second thread can exist. glibc keeps this word up to date (since 2.32): it changes before
// pthread_create returns.
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

  // Unlocks it by force, in the child of a fork, where no other thread exists.
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

// Holds a mutex for a scope. A thread's guards form a chain, into which a guard goes before it locks and out of which
// it goes after it unlocked. So a scope that is left for good lets go of its locks, and a signal handler can tell
// whether it interrupted its thread where locks are held.
class [[nodiscard]] Guard {
 public:
  explicit Guard(Mutex& mutex) : mutex_(&mutex) {
    enter();
    mutex.lock();
  }
  // Holds nothing when the mutex is taken.
  struct Try {};
  Guard(Mutex& mutex, Try) : mutex_(&mutex) {
    enter();
    if (!mutex.try_lock()) mutex_ = nullptr;
  }
  ~Guard() {
    if (mutex_ != nullptr) mutex_->unlock();
    std::atomic_signal_fence(std::memory_order_seq_cst);
    innermost_ = outer_;
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  explicit operator bool() const { return mutex_ != nullptr; }

  // Whether the calling thread is inside a guard's scope.
  static bool is_any_held() { return innermost_ != nullptr; }
  // Unlocks all that the calling thread's guards hold. Their scopes never end.
  static void abandon_all() {
    for (; innermost_ != nullptr; innermost_ = innermost_->outer_) {
      if (innermost_->mutex_ != nullptr) innermost_->mutex_->unlock();
    }
  }

 private:
  void enter() {
    innermost_ = this;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  static inline thread_local constinit Guard* innermost_ = nullptr;
  Mutex* mutex_;
  Guard* const outer_ = innermost_;
};

}  // namespace neap
