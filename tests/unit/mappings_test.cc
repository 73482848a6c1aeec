#include "pages/mappings.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(Mappings, GuardsLieFurtherApartAsThereAreMore) {
  Mappings mappings;
  Spacing last = kOwnGuards;
  EXPECT_EQ(mappings.spacing(), kOwnGuards);
  for (; mappings.has_room(); mappings.add(Mappings::kEach)) {
    ASSERT_NE(mappings.spacing(), kUnguarded);
    EXPECT_GE(mappings.spacing(), last);
    last = mappings.spacing();
  }
  EXPECT_EQ(mappings.count(), Mappings::kMost);
  EXPECT_GT(last, 16);
  EXPECT_EQ(mappings.spacing(), kUnguarded);
}

TEST(Mappings, OneThatGoesLeavesRoomForTheNext) {
  Mappings mappings;
  mappings.add(Mappings::kMost);
  EXPECT_FALSE(mappings.has_room());
  mappings.subtract(Mappings::kEach - 1);
  EXPECT_FALSE(mappings.has_room());
  mappings.subtract(1);
  EXPECT_TRUE(mappings.has_room());
}

}  // namespace
}  // namespace neap
