// Whether a program file can take a preloaded malloc at all.
#pragma once
#include <string>
#include <vector>

#include "tool/checks/finding.h"
#include "tool/model/allocator.h"

namespace neap {

// `program`: a path, or a name to be found in PATH. Throws Failure when there is none.
std::vector<Finding> check_program(const std::string& program, const Allocator& allocator);

}  // namespace neap
