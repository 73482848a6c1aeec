#include "pages/spares.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

class SparesTest : public testing::Test {
 protected:
  SparesTest() {
    for (std::uint32_t i = 0; i < 3; ++i) {
      runs_[i].id = static_cast<BlockId>(0x1000 + i);
      runs_[i].large.pages = 10 + i;
    }
  }

  Block runs_[3] = {};
  Spares spares_;
};

TEST_F(SparesTest, AreEmptyAtFirst) {
  EXPECT_TRUE(spares_.empty());
  EXPECT_FALSE(spares_.full());
  EXPECT_EQ(spares_.count(), 0u);
  EXPECT_EQ(spares_.oldest(), nullptr);
  EXPECT_EQ(spares_.take(10, 1), nullptr);
}

TEST_F(SparesTest, CountTheirPages) {
  spares_.put(runs_[0]);
  EXPECT_EQ(spares_.pages(), 10u);
  EXPECT_EQ(spares_.count(), 1u);
  EXPECT_FALSE(spares_.empty());
  EXPECT_FALSE(spares_.full());
  spares_.put(runs_[1]);
  EXPECT_EQ(spares_.pages(), 21u);
  EXPECT_EQ(spares_.count(), 2u);
  EXPECT_TRUE(spares_.full());
}

TEST_F(SparesTest, ServeTheExactSizeAndNoOther) {
  spares_.put(runs_[0]);
  spares_.put(runs_[1]);
  for (const std::size_t other : {9u, 12u, 21u}) {
    EXPECT_FALSE(spares_.may_have(other)) << other;
    EXPECT_EQ(spares_.take(other, 1), nullptr) << other;
  }
  EXPECT_TRUE(spares_.may_have(10));
  EXPECT_TRUE(spares_.may_have(11));
  EXPECT_EQ(spares_.take(10, 1), &runs_[0]);
  EXPECT_EQ(spares_.take(10, 1), nullptr);
  EXPECT_EQ(spares_.take(11, 1), &runs_[1]);
  EXPECT_TRUE(spares_.empty());
}

TEST_F(SparesTest, GiveTheNewestOfTwoThatFit) {
  runs_[1].large.pages = 10;
  spares_.put(runs_[0]);
  spares_.put(runs_[1]);
  EXPECT_EQ(spares_.take(10, 1), &runs_[1]);
  EXPECT_EQ(spares_.take(10, 1), &runs_[0]);
}

TEST_F(SparesTest, KeepToAnAlignment) {
  runs_[1].large.pages = 10;
  spares_.put(runs_[0]);  // block 0x1000, a multiple of 16
  spares_.put(runs_[1]);  // block 0x1001
  EXPECT_EQ(spares_.take(10, 16), &runs_[0]);
  EXPECT_EQ(spares_.take(10, 2), nullptr);
  EXPECT_EQ(spares_.take(10, 1), &runs_[1]);
}

TEST_F(SparesTest, TheOldestGoesFirst) {
  spares_.put(runs_[0]);
  EXPECT_EQ(spares_.oldest(), &runs_[0]);
  spares_.put(runs_[1]);
  EXPECT_EQ(spares_.oldest(), &runs_[0]);
  EXPECT_EQ(spares_.take_oldest(), &runs_[0]);
  EXPECT_EQ(spares_.oldest(), &runs_[1]);
  spares_.put(runs_[2]);
  EXPECT_EQ(spares_.take_oldest(), &runs_[1]);
  EXPECT_EQ(spares_.take_oldest(), &runs_[2]);
  EXPECT_TRUE(spares_.empty());
}

TEST_F(SparesTest, ExpectTheTwoSizesFreedLast) {
  EXPECT_FALSE(spares_.expects(5));
  spares_.remember(5);
  spares_.remember(6);
  spares_.remember(5);  // is known, and makes no other size forgotten
  EXPECT_TRUE(spares_.expects(5));
  EXPECT_TRUE(spares_.expects(6));
  spares_.remember(7);
  EXPECT_FALSE(spares_.expects(5));
  EXPECT_TRUE(spares_.expects(6));
  EXPECT_TRUE(spares_.expects(7));
}

TEST_F(SparesTest, ExpectNothingAboveTheirLargest) {
  spares_.remember(Spares::kMaxPages);
  spares_.remember(Spares::kMaxPages + 1);
  EXPECT_TRUE(spares_.expects(Spares::kMaxPages));
  EXPECT_FALSE(spares_.expects(Spares::kMaxPages + 1));
}

}  // namespace
}  // namespace neap
