// Reports of misuse as a person reads them, and as JSON.
#pragma once
#include <string>
#include <vector>

#include "tool/misuse/frame_names.h"
#include "tool/misuse/misuse_file.h"

namespace neap {

// One report; of a leak, one place that made what was lost.
std::string misuse_text(const MisuseReport& report, FrameNames& names);
// What stands before the first leak of a process, and behind all of its leaks.
std::string leaks_head(const MisuseReport& first);
std::string leaks_summary(const std::vector<MisuseReport>& reports);

std::string misuse_json(const std::vector<MisuseReport>& reports, const MisuseFile& log, FrameNames& names);

}  // namespace neap
