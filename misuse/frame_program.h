// The small program by which .eh_frame tells how a function's frame looks at each of its instructions (DWARF 5, 6.4.2,
// and the Linux Standard Base on .eh_frame).
#pragma once

#include <cstdint>

#include "misuse/frame_rule.h"

namespace neap::misuse {

// `description` is a function's, and `offset` where in the function the place lies.
FrameRule run_frame_program(const unsigned char* description, std::uint64_t offset);

}  // namespace neap::misuse
