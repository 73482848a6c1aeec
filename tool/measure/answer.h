// What another program of this machine answers: curl. It is found in PATH; its complaints go to our stderr.
#pragma once
#include <string>
#include <vector>

namespace neap {

struct Answer {
  int exit_code = 0;
  std::string text;  // its stdout
};

// `arguments`: its own name first. Throws Failure, with `wanted_for` as the reason, where there is no such program.
Answer ask_program(const std::vector<std::string>& arguments, const std::string& wanted_for);

}  // namespace neap
