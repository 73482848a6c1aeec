// Interprets frame programs. .eh_frame has one for each function; it tells where the frame keeps its caller's registers
// at each instruction (DWARF 5, 6.4.2, and the Linux Standard Base on .eh_frame).
#pragma once

#include <cstdint>

#include "misuse/frame_rule.h"

namespace neap::misuse {

// `description` is the function's, and `offset` the place's distance from the function's beginning.
FrameRule run_frame_program(const unsigned char* description, std::uint64_t offset);

}  // namespace neap::misuse
