#include "tool/commands/command.h"

#include <memory>

#include "tool/model/failure.h"

namespace neap {
namespace {

class ProgramFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    usage.erase(usage.find_last_not_of('\n') + 1);
    return usage + " -- PROGRAM [ARGS]\n\n";
  }
};

}  // namespace

void takes_program(CLI::App& command) { command.formatter(std::make_shared<ProgramFormatter>()); }

const std::vector<std::string>& require_program(const Invocation& invocation, const char* verb) {
  if (invocation.program.empty())
    throw UsageFailure(std::string("no program given; write: neap ") + verb + " [OPTIONS] -- PROGRAM [ARGS]");
  return invocation.program;
}

}  // namespace neap
