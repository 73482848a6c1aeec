// What can be known before a program starts: which file runs, whether a preload can reach it, whose malloc it links.
// `run`, `record` and `compare` call it; nothing is executed.
#pragma once
#include <string>
#include <vector>

#include "tool/model/allocator.h"

namespace neap {

struct Preflight {
  std::string file;             // the ELF file that runs: the program, or the interpreter of a script
  std::string obstacle;         // why no preload can take effect; empty when none is seen
  bool changes_rights = false;  // setuid, setgid or file capabilities, whoever starts it
  std::string linked_malloc;    // a library other than libc that the program links and that exports malloc
};

// Throws Failure with 127 (not found) or 126 (not executable).
std::string find_program(const std::string& name);
Preflight look_before_start(const std::string& program);

// The allocator as it has to be preloaded for this program: `libc` needs its forwarding library only where the program
// links another malloc, and runs bare everywhere else.
Allocator fitted_to(const Allocator& allocator, const Preflight& preflight);

}  // namespace neap
