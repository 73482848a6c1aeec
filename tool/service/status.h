// What is configured and what really runs, put side by side: the rows of `neap status`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/change/record.h"
#include "tool/service/processes.h"
#include "tool/systemd/manager.h"

namespace neap {

struct StatusRow {
  std::string target;      // a unit, or a record's target
  std::string configured;  // allocator that neap wrote; empty: none
  std::string state;   // one word: on, pending, stopped, interrupted, restored, edited, drift, leaving, not-switched
  std::string remark;  // what the word means here, and what to do
  std::int64_t since = 0;  // of the switch, seconds since 1970; 0 without one
  std::vector<ProcessState> processes;
  std::optional<std::uint64_t> bytes_before;  // resident, before the switch
  std::uint64_t bytes_now = 0;
};

struct Word {
  std::string state, remark;
};

// From what the files of a record hold alone: on, interrupted, restored, edited, drift.
Word word_of_files(const Root& root, const Record& record);
// From what its processes run: on, pending, drift.
Word word_of_processes(const Record& record, const std::vector<ProcessState>& processes);

// One row per record and per running service that has another allocator than libc; with `all` per running service.
// `manager` may be null: then the records alone are told.
std::vector<StatusRow> read_status(const Root& root, const RecordStore& store, Manager* manager, bool all);

}  // namespace neap
