// The one word of a row of `neap status`, and what it means here: told from the files, from systemd and the kernel, and
// from the processes.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tool/change/journal.h"
#include "tool/model/switch_state.h"
#include "tool/observe/processes.h"

namespace neap {

struct Word {
  SwitchState state = SwitchState::on;
  std::string remark;
};

// A running or failed unit of a target.
struct UnitView {
  UnitState state;
  std::vector<UnitProcess> processes;
  std::vector<ProcessState> looked_at;
};
using UnitViews = std::map<std::string, UnitView>;

bool runs_it(const ProcessState& process, const Entry& entry);

Word word_of_files(const Root& root, const Entry& entry);
// "on", or what is wrong with one of them.
Word word_of_units(const Root& root, const Entry& entry, const UnitViews& units);
Word word_of_processes(const Entry& entry, const UnitViews& units);

}  // namespace neap
