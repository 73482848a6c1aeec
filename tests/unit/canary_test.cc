#include "hardened/canary.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

class CanaryTest : public testing::Test {
 protected:
  static constexpr std::size_t kSlot = 64;
  Secret secret_;
  Canaries canaries_{secret_};
  alignas(16) char slot_[kSlot] = {};
};

TEST_F(CanaryTest, EverySizeIsReadAgain) {
  for (std::size_t asked = 0; asked <= kSlot - Canaries::kBytes; ++asked) {
    canaries_.set(slot_, kSlot, asked);
    EXPECT_EQ(canaries_.read(slot_, kSlot), asked);
    EXPECT_TRUE(canaries_.may_be(slot_, kSlot));
  }
}

TEST_F(CanaryTest, WhatIsTheProgramsMayChange) {
  canaries_.set(slot_, kSlot, 20);
  std::memset(slot_, 'x', 20);
  EXPECT_EQ(canaries_.read(slot_, kSlot), 20u);
}

TEST_F(CanaryTest, AnyChangeOfAnyByteBehindIsSeen) {
  for (const std::size_t asked : {std::size_t{0}, std::size_t{20}, kSlot - Canaries::kBytes}) {
    canaries_.set(slot_, kSlot, asked);
    for (std::size_t at = asked; at < kSlot; ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        slot_[at] = static_cast<char>(slot_[at] ^ 1 << bit);
        EXPECT_EQ(canaries_.read(slot_, kSlot), Canaries::kBroken) << at;
        slot_[at] = static_cast<char>(slot_[at] ^ 1 << bit);
      }
    }
    EXPECT_EQ(canaries_.read(slot_, kSlot), asked);
  }
}

// Most overflows write one zero behind the object. So no canary may have a zero there.
TEST_F(CanaryTest, TheFirstByteBehindIsNotZero) {
  alignas(16) static char many[256 * 16];
  for (char* slot = many; slot < many + sizeof many; slot += 16) {
    canaries_.set(slot, 16, 8);
    EXPECT_NE(slot[8], 0);
  }
}

TEST_F(CanaryTest, ACopyInAnotherSlotIsNone) {
  alignas(16) char other[kSlot];
  canaries_.set(slot_, kSlot, 20);
  std::memcpy(other, slot_, kSlot);
  EXPECT_EQ(canaries_.read(other, kSlot), Canaries::kBroken);
  EXPECT_FALSE(canaries_.may_be(other, kSlot));
}

TEST_F(CanaryTest, AClearSlotMayBeInOrderAndHasNoSize) {
  EXPECT_TRUE(canaries_.may_be(slot_, kSlot));
  EXPECT_EQ(canaries_.read(slot_, kSlot), Canaries::kBroken);
}

TEST_F(CanaryTest, ThePaddingOfAPageIsWholeOrNot) {
  canaries_.fill(slot_ + 3, slot_ + kSlot);
  EXPECT_TRUE(canaries_.is_whole(slot_ + 3, slot_ + kSlot));
  EXPECT_NE(slot_[3], 0);
  EXPECT_TRUE(canaries_.is_whole(slot_ + kSlot, slot_ + kSlot));
  slot_[3] = 0;
  EXPECT_FALSE(canaries_.is_whole(slot_ + 3, slot_ + kSlot));
}

}  // namespace
}  // namespace neap
