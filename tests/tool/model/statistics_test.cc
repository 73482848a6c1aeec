#include "tool/model/statistics.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(Statistics, TheMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median_of({7}), 7);
}

TEST(Statistics, TheBestIsTheLowestOfSeveralThatAreKnown) {
  const std::vector<std::optional<double>> values{3, std::nullopt, 1, 2, 1};
  std::vector<bool> best;
  for (std::size_t at = 0; at < values.size(); ++at) best.push_back(is_best(values, at));
  EXPECT_EQ(best, (std::vector<bool>{false, false, true, false, true}));
  EXPECT_FALSE(is_best({5}, 0));
}

}  // namespace
}  // namespace neap
