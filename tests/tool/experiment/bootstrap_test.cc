#include "tool/experiment/bootstrap.h"

#include <gtest/gtest.h>

#include <random>

namespace neap {
namespace {

TEST(ABootstrap, FewInstancesHaveNoInterval) {
  const Bootstrap bootstrap(200);
  EXPECT_EQ(bootstrap.mean({4, 6}).mean, 5);
  EXPECT_FALSE(bootstrap.mean({4, 6}).interval);
  EXPECT_TRUE(bootstrap.mean({4, 6, 8}).interval);
  EXPECT_FALSE(bootstrap.ratio({1, 2, 3, 4}, {1, 2}).interval);
}

TEST(ABootstrap, TheSameDataGiveTheSameInterval) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6};
  const Estimate one = Bootstrap(500).mean(values), two = Bootstrap(500).mean(values);
  EXPECT_EQ(one.interval->low, two.interval->low);
  EXPECT_EQ(one.interval->high, two.interval->high);
  EXPECT_LT(one.interval->low, one.mean);
  EXPECT_GT(one.interval->high, one.mean);
}

TEST(ABootstrap, EqualInstancesLeaveNoDoubt) {
  const Estimate ratio = Bootstrap(100).ratio({2, 2, 2}, {4, 4, 4});
  EXPECT_EQ(ratio.mean, 0.5);
  EXPECT_EQ(ratio.interval->low, 0.5);
  EXPECT_EQ(ratio.interval->high, 0.5);
}

// 500 experiments of ten instances around a known mean: about 95 of 100 intervals hold it.
TEST(ABootstrap, IntervalsHoldTheTruthAsOftenAsTheySay) {
  std::mt19937_64 engine(7);
  std::normal_distribution<double> instance(100, 15);
  const Bootstrap bootstrap(400);
  int held = 0;
  for (int experiment = 0; experiment < 500; ++experiment) {
    std::vector<double> values(10);
    for (double& value : values) value = instance(engine);
    const Interval interval = *bootstrap.mean(values).interval;
    held += interval.low <= 100 && 100 <= interval.high;
  }
  EXPECT_GE(held, 450);
  EXPECT_LE(held, 490);
}

}  // namespace
}  // namespace neap
