#include "tool/render/axis.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

constexpr double mebibyte = 1 << 20;

std::vector<std::string> texts(const Axis& axis) {
  std::vector<std::string> all;
  for (const Tick& tick : axis.ticks) all.push_back(tick.text);
  return all;
}

TEST(AnAxis, MemoryHasRoundTicksInTheUnitOfTheTables) {
  const Axis axis = memory_axis(352 * mebibyte, 5);
  EXPECT_EQ(axis.unit, "MiB");
  EXPECT_EQ(texts(axis), (std::vector<std::string>{"0", "100", "200", "300"}));
  EXPECT_GE(axis.end, 352 * mebibyte);
  const Axis large = memory_axis(40960 * mebibyte, 5);
  EXPECT_EQ(large.unit, "MiB");
  EXPECT_EQ(texts(large).back(), "40000");
}

TEST(AnAxis, AnEmptyHeapHasAnAxisToo) {
  EXPECT_FALSE(memory_axis(0, 5).ticks.empty());
  EXPECT_GT(memory_axis(0, 5).end, 0);
}

TEST(AnAxis, TimeIsInTheUnitThatReadsBest) {
  EXPECT_EQ(time_axis({90}, 6).unit, "s");
  EXPECT_EQ(time_axis({1800}, 6).unit, "min");
  EXPECT_EQ(time_axis({6 * 3600}, 6).unit, "h");
  EXPECT_EQ(time_axis({12 * 86400}, 6).unit, "d");
  EXPECT_EQ(texts(time_axis({1800}, 6)),
            (std::vector<std::string>{"0", "5 min", "10 min", "15 min", "20 min", "25 min", "30 min"}));
}

TEST(AnAxis, AClockHasHoursAndTheDateAtMidnight) {
  const Axis axis = time_axis({86400}, 6, parse_moment("2026-01-05T02:00:00Z"));
  EXPECT_EQ(axis.unit, "UTC");
  const std::vector<std::string> wanted{"06:00", "12:00", "18:00", "01-06"};
  EXPECT_EQ(texts(axis), wanted);
}

}  // namespace
}  // namespace neap
