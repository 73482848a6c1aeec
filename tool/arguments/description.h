// What a command line takes, as plain data: for the manual pages and the shells' completion. It is read from the parser
// itself, so neither can tell anything else than --help. Hidden verbs and options are left out.
#pragma once
#include <string>
#include <vector>

namespace neap {

struct OptionDescription {
  std::vector<std::string> names;  // "-o", "--output"; empty: an argument that stands by itself
  std::string value;               // name of what follows; empty for a flag
  std::string help;
  std::string fallback;  // the default, as text
  bool repeats = false;
};

struct CommandDescription {
  std::string path;   // "neap trace record"
  std::string name;   // "record"
  std::string about;  // its first line is the verb table's help
  std::string notes;  // the lines that --help prints below the options
  std::string usage;  // "neap trace record [OPTIONS] -- PROGRAM [ARGS]"
  bool takes_program = false;
  std::vector<OptionDescription> options;
  std::vector<CommandDescription> parts;
};

}  // namespace neap
