#include "tool/analysis/section.h"

#include <gtest/gtest.h>

#include "tests/tool/analysis/made_run.h"
#include "tool/analysis/summary.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

Run stretch(const Run& run, const char* from, const char* until) {
  return stretch_of(run, {parse_bound(from), parse_bound(until)});
}

TEST(Window, SharesSecondsAndTimesOfDayMeanTheSame) {
  const auto run = made_run("libc", {10, 20, 30, 40, 50, 60, 70, 80});
  for (const auto& [from, until] :
       {std::pair("25%", "75%"), std::pair("2", "6s"), std::pair("2026-01-05T02:00:02", "2026-01-05T02:00:06Z")}) {
    const Summary summary = summarize(stretch(run, from, until));
    EXPECT_EQ(summary.mean_rss, mib(45)) << from;
    EXPECT_EQ(summary.peak_rss, mib(70)) << from;  // the look at its very end belongs to it
    EXPECT_EQ(summary.wall.count, 4) << from;
    EXPECT_NEAR(summary.cpu.count, 0.04, 1e-9) << from;  // between its first look and its last
  }
}

TEST(Window, AStretchWithoutALookIsRefused) {
  const auto run = made_run("libc", {10, 20});
  EXPECT_THROW(stretch(run, "90", "95"), UsageFailure);
  EXPECT_THROW(stretch(run, "75%", "25%"), UsageFailure);
}

TEST(Window, WhatIsNoBoundIsNone) {
  for (const char* text : {"", "soon", "101%", "-5", "2026-13-01"}) EXPECT_FALSE(parse_bound(text)) << text;
}

}  // namespace
}  // namespace neap
