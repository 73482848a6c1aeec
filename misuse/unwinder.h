// The calling thread's stack, at full rate: every malloc and every free asks for it. What a thread's last stack has in
// common with its present one is not followed again: whether the return addresses still lie where they lay is all that
// is looked at, so that a call costs its innermost frames and one comparison for each of the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/misuse_log.h"

namespace neap::misuse {

struct StackHere {
  std::uint64_t hash = 0;  // of all of its frames, more than kDepth
  std::size_t depth = 0;
  std::uint64_t pc[kDepth];  // return addresses, innermost first, without our own
};

// Whether the code is the checker's.
bool is_own(std::uint64_t pc);

// Of the thread that calls it.
void stack_here(StackHere& stack);

// From where a signal interrupted the thread; `context` is a ucontext_t.
void stack_from(const void* context, StackHere& stack);

// Where the frames begin of the innermost caller that is not skipped; the stack's end when all are.
std::uint64_t begin_of_caller(bool (*is_skipped)(std::uint64_t pc));

}  // namespace neap::misuse
