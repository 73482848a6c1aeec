// The witness of `neap run`: a short-lived process that looks, from aside, whether the allocator took effect in the
// process that neap is about to become. It is nobody's child when the program starts, so the program never has to
// wait for it; it ends at its verdict, at the latest two seconds after the exec, and holds only stderr open.
#pragma once
#include <string>

#include "tool/model/allocator.h"

namespace neap {

// Call right before exec_program. Fails silently: a program runs whether or not anybody looks.
void witness_from_aside(const Allocator& allocator, const std::string& program);

}  // namespace neap
