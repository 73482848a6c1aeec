// Copies a stretch of a trace into a new one: objects that are alive where it starts are born at its beginning.
#pragma once
#include <cstdint>
#include <string>

#include "tool/model/units.h"

namespace neap {

struct Cut {
  Seconds from;
  Seconds until;  // 0: to the end
  int compression_level = 19;
};

// The number of events written. Throws UsageFailure when the stretch is empty or the trace is bad.
std::uint64_t cut_trace(const std::string& input, const std::string& output, const Cut& cut);

}  // namespace neap
