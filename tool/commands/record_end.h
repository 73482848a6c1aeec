// What `neap record` says around a recording: how it went, what a daemon left behind, that it goes on in the
// background.
#pragma once
#include <cstddef>
#include <string>

#include "tool/model/run.h"

namespace neap {

struct RecordTold {
  Seconds interval;  // as wanted
  std::string output;
  bool quiet;
};

void tell_end(const RunEnd& end, std::size_t samples, const RecordTold& told);

// A daemon forks away from what was started, which then ends; its recording ends with that.
void tell_left_behind(const std::string& program);

// The recorder goes on as a process of its own, without the terminal; this one says so and ends.
void go_aside(const std::string& output, bool quiet);

}  // namespace neap
