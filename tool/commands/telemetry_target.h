// The one process that `neap stats` and `neap trim` speak to.
#pragma once
#include <string>

#include "tool/fill/neap_reader.h"
#include "tool/inspect/find_process.h"
#include "tool/inspect/live_process.h"

namespace neap {

// The largest of those that TARGET names. Throws UsageFailure without a target.
FoundProcess target_process(const std::string& target, const char* verb);

// libneap's counters in it; empty where another allocator serves.
std::optional<FoundTelemetry> telemetry_of(LiveProcess& space);

}  // namespace neap
