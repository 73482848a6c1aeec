#include "tool/commands/command.h"

#include "tool/model/failure.h"

namespace neap {

const std::vector<std::string>& require_program(const Invocation& invocation, const char* verb) {
  if (invocation.program.empty())
    throw UsageFailure(std::string("no program given; write: neap ") + verb + " [OPTIONS] -- PROGRAM [ARGS]");
  return invocation.program;
}

}  // namespace neap
