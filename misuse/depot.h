// The depot keeps the stacks that made and ended objects, each once; an object refers to its stacks by number. It takes
// no lock, because a stack that was kept is never changed or removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "misuse/unwinder.h"

namespace neap::misuse {

using StackNumber = std::uint32_t;  // 0 when there is no stack, or when the depot was full
inline constexpr unsigned kStackBits = 20;

bool open_depot();
StackNumber number_of(const StackHere& stack);
// The return addresses of a kept stack, innermost first.
std::span<const std::uint64_t> stack_of(StackNumber number);

// Keeps the calling thread's stack, without the checker's own frames.
inline StackNumber number_of_this_stack() {
  StackHere stack;
  stack.look();
  return number_of(stack);
}

}  // namespace neap::misuse
