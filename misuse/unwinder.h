// The calling thread's stack, at full rate: every malloc and every free asks for it. What a thread's last stack has in
// common with its present one is not followed again: whether the return addresses still lie where they lay is all that
// is looked at, so that a call costs its innermost frames and one comparison for each of the others.
//
// (That they lie there and mean nothing any more is possible, of a function whose frame changed its size: then the
// outer part of a stack is that of an earlier call.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/misuse_log.h"

namespace neap::misuse {

// A frame as it lies on the stack: where its return address is, and what it is. `frame` is the complement of the frame
// pointer, in which a program may have any pointer: kept as it is it would hide that an object is lost.
struct Link {
  std::uint64_t at, pc, frame, hash;
};

// A stack that was followed: the fresh links, innermost first, and those that the thread's chain has of it.
class StackHere {
 public:
  std::uint64_t hash() const { return hash_; }  // of all of its frames
  // Its return addresses, innermost first, without our own; at most kDepth. Until the thread's next look.
  std::size_t copy(std::uint64_t* pc) const;

  // Of the calling thread: what the program called, and all above.
  [[gnu::noinline]] void look();
  // From where a signal interrupted the thread; `context` is a ucontext_t.
  void look_from(const void* context);

 private:
  static constexpr std::size_t kMax = 128;
  struct Walk;
  void follow(Walk& walk);
  void keep();

  std::uint64_t hash_ = 0;
  std::size_t count_ = 0, known_ = 0;
  Link fresh_[kMax];
};

// Whether the code is the checker's.
bool is_own(std::uint64_t pc);

// Where the frames begin of the innermost caller that is not skipped; the stack's end when all are.
std::uint64_t begin_of_caller(bool (*is_skipped)(std::uint64_t pc));

}  // namespace neap::misuse
