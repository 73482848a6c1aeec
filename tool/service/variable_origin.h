// Where a service's variables come from, apart from neap's own drop-in: systemd takes, each over the one before, its
// own environment, PassEnvironment=, Environment= and EnvironmentFile=, unit file first, then drop-ins by file name.
// Decides what the drop-in has to say so that neither neap's value nor the one that was there is lost.
#pragma once
#include <string>
#include <vector>

#include "tool/change/durable.h"
#include "tool/systemd/manager.h"

namespace neap {

inline constexpr const char* drop_in_name = "50-neap.conf";
inline constexpr const char* environment_file_name = "50-neap.env";

struct VariableOrigin {
  std::string value;        // as a process gets it without neap; empty when nothing sets it
  std::string text;         // the same as a unit file says it: with its specifiers, which each instance has its own of
  bool is_exact = true;     // value is text with every specifier expanded
  std::string place;        // the file that sets it, for messages
  bool needs_file = false;  // an Environment= of neap's drop-in would lose: neap needs an EnvironmentFile= as well
  std::string beaten_by;    // a file after neap's drop-in that wins over both; empty when none
};

// `base` is the environment that systemd itself starts services from.
VariableOrigin find_origin(const Root& root, const UnitFacts& unit, const std::vector<std::string>& base,
                           const std::string& variable);

// What a process of the unit would get, going by what systemd has loaded: the check after a reload.
std::string loaded_value(const Root& root, const UnitFacts& unit, const std::string& variable);

}  // namespace neap
