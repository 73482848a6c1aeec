// Follows the calling thread's stack. Every malloc and every free does so, so it has to be fast: the outer frames that
// the present stack has in common with the thread's last one are not followed again. For each of them it only checks
// that the return address still lies where it lay. So a call costs its innermost frames, and one comparison for each
// other frame.
//
// A return address may lie where it lay and mean nothing any more, when a function changed the size of its frame. Then
// the outer part of the stack is that of an earlier call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/misuse_log.h"

namespace neap::misuse {

// A frame: where its return address lies, and its value. `frame` is the complement of the frame pointer. That register
// may hold any pointer of the program, and a plain copy of it would make a lost object seem reachable.
struct Link {
  std::uint64_t at, pc, frame, hash;
};

// A stack that was followed: the fresh links, innermost first, and behind them the links that the thread's last stack
// has in common with it.
class StackHere {
 public:
  std::uint64_t hash() const { return hash_; }  // of all of its frames
  // Copies at most kDepth return addresses, innermost first, without the checker's own. Valid until the thread's next
  // look.
  std::size_t copy(std::uint64_t* pc) const;

  // Follows the calling thread's stack from the function that the program called outwards.
  [[gnu::noinline]] void look();
  // Follows the stack from where a signal interrupted the thread; `context` is a ucontext_t.
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

// Whether the code at the address is the checker's.
bool is_own(std::uint64_t pc);

// Where the frame of the innermost caller that is not skipped begins; the stack's end when all callers are skipped.
std::uint64_t begin_of_caller(bool (*is_skipped)(std::uint64_t pc));

}  // namespace neap::misuse
