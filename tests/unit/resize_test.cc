#include "sizes/resize.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(Resize, AnObjectKeepsItsPlaceWhileItUsesThreeQuartersOfIt) {
  EXPECT_TRUE(fits_well(1000, 1000));
  EXPECT_FALSE(fits_well(1001, 1000));
  EXPECT_TRUE(fits_well(750, 1000));
  EXPECT_FALSE(fits_well(749, 1000));
  EXPECT_TRUE(fits_well(0, 0));
}

TEST(Resize, WhatGrowsBySmallStepsGetsAnEighthMore) {
  EXPECT_EQ(size_with_steps(800, 899), 899 + 899 / 8u);
  EXPECT_EQ(size_with_steps(800, 900), 900u) << "an eighth at once";
  EXPECT_EQ(size_with_steps(800, 800), 800u);
  EXPECT_EQ(size_with_steps(800, 700), 700u) << "what shrinks";
  EXPECT_EQ(size_with_steps(0, 1), 1u);
}

TEST(Resize, WhatIsNoSmallObjectWithAnEighthMoreGetsNone) {
  EXPECT_GT(size_with_steps(kLargestSmall / 2 - 8, kLargestSmall / 2), kLargestSmall / 2);
  EXPECT_EQ(size_with_steps(kLargestSmall / 2, kLargestSmall / 2 + 1), kLargestSmall / 2 + 1);
}

}  // namespace
}  // namespace neap
