// How to leave one frame: where its caller's stack pointer, return address and frame pointer are to be found, given its
// own. Read from the call frame information that every program has for exceptions, once for each place that calls.
#pragma once

#include <cstdint>

namespace neap::misuse {

// The stack pointer as it was before the call is the CFA; the return address lies right below it on x86-64.
enum class Base : std::uint8_t {
  unknown,        // the stack cannot be followed any further
  stack,          // the CFA is the stack pointer and an offset
  frame,          // the frame pointer and an offset
  through_frame,  // what lies there: of functions that align their stack
  signal,         // what a signal interrupted is in the context beside the stack pointer
};
enum class Saved : std::uint8_t { no, beside_cfa, beside_frame };

struct FrameRule {
  Base base = Base::unknown;
  Saved frame_pointer = Saved::no;
  bool keeps_return = false;  // the return address is in its register still: of a frame that a signal interrupted
  std::int32_t base_offset = 0;
  std::int32_t frame_pointer_offset = 0;
  std::int32_t return_offset = 0;
};

// Of the code at `pc`. `is_return`: it lies behind a call, whose rule is that of the call.
FrameRule frame_rule(std::uint64_t pc, bool is_return);

}  // namespace neap::misuse
