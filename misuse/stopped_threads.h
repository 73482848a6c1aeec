// StoppedThreads: while it lives, the process's other threads wait in a signal handler. It is made at the program's
// end. The kernel has put each thread's registers on its stack, above the stack pointer that stacks() tells. A thread
// that blocks the signal runs on, and stacks() has no entry for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace neap::misuse {

class StoppedThreads {
 public:
  StoppedThreads();
  StoppedThreads(const StoppedThreads&) = delete;
  StoppedThreads& operator=(const StoppedThreads&) = delete;
  ~StoppedThreads();

  std::span<const std::uint64_t> stacks() const;

 private:
  std::uint32_t asked_ = 0;
};

}  // namespace neap::misuse
