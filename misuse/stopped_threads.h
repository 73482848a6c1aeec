// StoppedThreads: while it lives, the process's other threads stand still in a handler of a signal, at the end of the
// program. Each has its registers on its stack then, above the pointer that is told here. A thread that blocks the
// signal goes on; nothing is told of it.
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
