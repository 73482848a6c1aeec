// Replays as a person and as a program read them: one row for each allocator, medians over its runs.
#pragma once
#include <string>
#include <vector>

#include "tool/trace/replay.h"

namespace neap {

std::string replay_table(const std::vector<Replay>& replays, bool colour);
std::string replay_json(const std::vector<Replay>& replays, const std::string& trace_path, double pace);

}  // namespace neap
