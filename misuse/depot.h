// The stacks that made and ended objects, each kept once: an object names one by its number. No lock; what is kept
// stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "misuse/unwinder.h"

namespace neap::misuse {

using StackNumber = std::uint32_t;  // 0: none, or there was no room
inline constexpr unsigned kStackBits = 20;

bool open_depot();
StackNumber number_of(const StackHere& stack);
// Its return addresses, innermost first.
std::span<const std::uint64_t> stack_of(StackNumber number);

// The calling thread's, of the program.
inline StackNumber number_of_this_stack() {
  StackHere stack;
  stack.look();
  return number_of(stack);
}

}  // namespace neap::misuse
