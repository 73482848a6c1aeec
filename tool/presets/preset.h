// Presets: daemons that start their processes with an environment of their own, so that what a unit says does not reach
// them. Each is a row: which units, which file says the environment instead, and how. neap enable writes it beside the
// drop-in, with the same journal.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/change/journal.h"
#include "tool/checks/finding.h"
#include "tool/model/allocator.h"
#include "tool/systemd/manager.h"

namespace neap {

enum class Reach {
  own,       // the daemon's own processes, which nothing else reaches: always
  children,  // what it starts for others, sessions or jobs: where it is asked for
};

struct Preset {
  const char* name;
  const char* units;  // a pattern of fnmatch
  Reach reach;
  const char* what;  // that loses the unit's environment
  // The files that say it; none where the daemon is set up in another way.
  std::vector<std::string> (*files)(const Root& root, const std::string& unit);
  // The file with the variables in it, whatever it held of them before. `now`: empty where there is no such file.
  std::string (*with)(const Root& root, const std::string& now,
                      const std::vector<std::pair<std::string, std::string>>&);
};

// Null for a unit that keeps its environment.
const Preset* find_preset(const std::string& unit);

// What is to be written beside the unit's drop-in. `replaced`: what neap wrote before, which the edits do without.
std::vector<FileChange> preset_files(const Root& root, const std::string& unit, const Allocator& allocator,
                                     bool children, const std::optional<Entry>& replaced);

// For doctor, and before a switch.
std::vector<Finding> check_preset(const Root& root, const std::string& unit, bool children);

}  // namespace neap
