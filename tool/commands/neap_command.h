// NeapCommand: the whole command line, built from the verb table. Main runs it; the manual pages and the shells'
// completion are written from its description (manual/).
#pragma once
#include <string>
#include <vector>

#include "tool/arguments/description.h"
#include "tool/arguments/verb.h"

namespace neap {

class NeapCommand {
 public:
  NeapCommand();
  NeapCommand(const NeapCommand&) = delete;  // the verbs' options point into it
  NeapCommand& operator=(const NeapCommand&) = delete;

  // Parses, runs the chosen verb and returns its exit code; a line that does not parse is explained on stderr.
  int run(std::vector<std::string> arguments);

  CommandDescription describe() const { return line_.describe("neap"); }

 private:
  CommandLine line_;
  Invocation invocation_;
  VerbBody body_;
};

}  // namespace neap
