#include "pages/held_runs.h"

#include <gtest/gtest.h>

#include <vector>

#include "fake_os.h"

namespace neap {
namespace {

class HeldRunsTest : public testing::Test {
 protected:
  HeldRunsTest() { fake_os::reset(); }
  ~HeldRunsTest() override { fake_os::reset(); }
  HeldRuns held_;
};

TEST_F(HeldRunsTest, FirstInFirstOutWithinTheirBounds) {
  ASSERT_TRUE(held_.open());
  std::vector<Block> runs(3);
  for (Block& run : runs) {
    run.large.blocks = 10;
    EXPECT_TRUE(held_.can_hold(10, 30));
    held_.push(run);
  }
  EXPECT_FALSE(held_.can_hold(1, 30));
  EXPECT_TRUE(held_.can_hold(1, 31));
  EXPECT_EQ(&held_.pop(), &runs[0]);
  EXPECT_TRUE(held_.can_hold(10, 30));
  held_.push(runs[0]);
  EXPECT_EQ(&held_.pop(), &runs[1]);
  EXPECT_EQ(&held_.pop(), &runs[2]);
  EXPECT_EQ(&held_.pop(), &runs[0]);
  EXPECT_TRUE(held_.empty());
}

TEST_F(HeldRunsTest, NoMoreRunsThanThereIsRoomFor) {
  ASSERT_TRUE(held_.open());
  std::vector<Block> runs(HeldRuns::kMaxRuns);
  for (Block& run : runs) {
    run.large.blocks = 1;
    EXPECT_TRUE(held_.can_hold(1, SIZE_MAX));
    held_.push(run);
  }
  EXPECT_FALSE(held_.can_hold(1, SIZE_MAX));
}

TEST_F(HeldRunsTest, AsManyAsTheManualSays) {
  static_assert(HeldRuns::kMaxRuns == 4096);
  constexpr std::size_t k4GiB = (std::size_t{4} << 30) / kBlockSize;
  EXPECT_TRUE(held_.can_hold(k4GiB, SIZE_MAX));
  EXPECT_FALSE(held_.can_hold(k4GiB + 1, SIZE_MAX));
}

}  // namespace
}  // namespace neap
