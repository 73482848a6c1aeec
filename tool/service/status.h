// What is configured and what really runs, put side by side: the rows of `neap status`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/change/journal.h"
#include "tool/model/switch_state.h"
#include "tool/observe/processes.h"
#include "tool/service/scope.h"
#include "tool/systemd/manager.h"

namespace neap {

struct StatusRow {
  std::string target;      // a unit, or an entry's target
  std::string configured;  // allocator that neap wrote; empty: none
  SwitchState state = SwitchState::on;
  std::string remark;      // what the word means here, and what to do
  std::int64_t since = 0;  // of the switch, seconds since 1970; 0 without one
  std::vector<ProcessState> processes;
  std::optional<std::uint64_t> bytes_before;  // resident, before the switch
  std::uint64_t bytes_now = 0;
  bool complete = true;  // false: the command that made the switch was cut off before its end
};

struct Status {
  std::vector<StatusRow> rows;
  std::size_t hidden = 0;  // processes that nobody but root may look into
};

// One row per entry and per running service that has another allocator than libc; with `all` per running service.
// `manager` may be null: then the entries alone are told.
Status read_status(const Root& root, const Journal& journal, Manager* manager, const Scope& scope, bool all);

}  // namespace neap
