#include "tool/trace/replay_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace neap {
namespace {

Replay made_replay(const std::string& label, std::uint64_t mean_mib, double cpu, bool complete = true) {
  Replay replay;
  replay.label = label;
  replay.complete = complete;
  replay.resident_mean = replay.resident_end = replay.resident_peak = {mean_mib << 20};
  replay.cpu = {cpu};
  return replay;
}

TEST(ReplayTable, MediansRatiosAndTheBest) {
  const std::vector<Replay> replays{made_replay("libc", 100, 2), made_replay("neap", 40, 3),
                                    made_replay("libc", 300, 2), made_replay("libc", 200, 2),
                                    made_replay("neap", 60, 3),  made_replay("neap", 9, 1, false)};
  const auto rows = nlohmann::json::parse(replay_json(replays, "a.trace", 0))["allocators"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["resident_mean_bytes"], 200.0 * (1 << 20));
  EXPECT_EQ(rows[1]["resident_mean_bytes"], 50.0 * (1 << 20));  // without the one that was interrupted
  EXPECT_EQ(rows[1]["resident_mean_bytes_to_libc"], 0.25);
  EXPECT_EQ(rows[1]["runs"], 2);
  const std::string text = replay_table(replays, true);
  EXPECT_NE(text.find("50.0\x1b"), std::string::npos) << text;
  EXPECT_EQ(text.find("200.0\x1b"), std::string::npos) << text;
}

TEST(ReplayTable, NothingCompleteIsSaid) {
  EXPECT_EQ(replay_table({made_replay("libc", 1, 1, false)}, false), "no replay was completed\n");
}

}  // namespace
}  // namespace neap
