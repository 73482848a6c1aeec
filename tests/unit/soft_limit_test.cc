// How far a count of pages is from a limit, and when to look again.
#include "limits/soft_limit.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(SoftLimit, WithoutALookItIsNeverMet) {
  const SoftLimit limit;
  for (const std::uint64_t resident : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
    EXPECT_FALSE(limit.is_near(resident));
    EXPECT_FALSE(limit.is_met(resident));
    EXPECT_FALSE(limit.wants_look(resident));
  }
}

TEST(SoftLimit, TheCountAloneTellsBetweenLooks) {
  SoftLimit limit;
  limit.learn(65536, 30000, 10000);
  EXPECT_EQ(limit.margin(10000), 30000u);
  EXPECT_EQ(limit.margin(39000), 1000u);
  EXPECT_EQ(limit.margin(50000), 0u);
  EXPECT_FALSE(limit.is_near(40000 - 8192));
  EXPECT_TRUE(limit.is_near(40000 - 8191));
  EXPECT_FALSE(limit.is_met(40000 - 1024));
  EXPECT_TRUE(limit.is_met(40000 - 1023));
}

TEST(SoftLimit, TheNextLookIsDueWithAQuarterOfWhatWasLeft) {
  SoftLimit limit;
  limit.learn(65536, 30000, 10000);
  limit.note_look(10000, 0);
  EXPECT_FALSE(limit.wants_look(17499));
  EXPECT_TRUE(limit.wants_look(17500));
  limit.learn(65536, 100, 20000);
  limit.note_look(20000, 0);
  EXPECT_FALSE(limit.wants_look(20511)) << "at the limit not with each page";
  EXPECT_TRUE(limit.wants_look(20512));
}

TEST(SoftLimit, TheNextLookIsDueAfterAQuarterOfASecond) {
  SoftLimit limit;
  limit.learn(65536, 30000, 10000);
  limit.note_look(10000, 5000 * kMillisecond);
  EXPECT_FALSE(limit.wants_look_after(5249 * kMillisecond));
  EXPECT_TRUE(limit.wants_look_after(5250 * kMillisecond));
}

TEST(SoftLimit, ALimitMayGo) {
  SoftLimit limit;
  limit.learn(65536, 0, 10000);
  EXPECT_TRUE(limit.is_met(10000));
  limit.learn(UINT64_MAX, UINT64_MAX, 10000);
  EXPECT_FALSE(limit.is_near(std::uint64_t{1} << 40));
}

}  // namespace
}  // namespace neap
