// Whether a program file can take a preloaded malloc at all.
#pragma once
#include <string>
#include <vector>

#include "tool/checks/finding.h"
#include "tool/model/allocator.h"

namespace neap {

// `program`: a path, or a name to be found in PATH. Throws Failure when there is none.
std::vector<Finding> check_program(const std::string& program, const Allocator& allocator);

// What a program file shows of a heap of its own, which no preload reaches: Go's, a malloc built in without its names.
std::vector<Finding> check_own_heap(const std::string& file);
void tell_own_heap(const std::string& file);  // one line on stderr for each

}  // namespace neap
