#include "hardened/seal.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

class SealTest : public testing::Test {
 protected:
  static constexpr std::size_t kSlot = 64;
  Secret secret_;
  Seals seals_{secret_};
  alignas(16) char slot_[kSlot] = {};
};

TEST_F(SealTest, EverySizeIsReadAgain) {
  for (std::size_t asked = 0; asked <= kSlot - Seals::kBytes; ++asked) {
    seals_.set(slot_, kSlot, asked);
    EXPECT_EQ(seals_.read(slot_, kSlot), asked);
    EXPECT_TRUE(seals_.may_be(slot_, kSlot));
  }
}

TEST_F(SealTest, WhatIsTheProgramsMayChange) {
  seals_.set(slot_, kSlot, 20);
  std::memset(slot_, 'x', 20);
  EXPECT_EQ(seals_.read(slot_, kSlot), 20u);
}

TEST_F(SealTest, AnyChangeOfAnyByteBehindIsSeen) {
  for (const std::size_t asked : {std::size_t{0}, std::size_t{20}, kSlot - Seals::kBytes}) {
    seals_.set(slot_, kSlot, asked);
    for (std::size_t at = asked; at < kSlot; ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        slot_[at] = static_cast<char>(slot_[at] ^ 1 << bit);
        EXPECT_EQ(seals_.read(slot_, kSlot), Seals::kBroken) << at;
        slot_[at] = static_cast<char>(slot_[at] ^ 1 << bit);
      }
    }
    EXPECT_EQ(seals_.read(slot_, kSlot), asked);
  }
}

// The byte that most overflows write is never there already.
TEST_F(SealTest, TheFirstByteBehindIsNotZero) {
  alignas(16) static char many[256 * 16];
  for (char* slot = many; slot < many + sizeof many; slot += 16) {
    seals_.set(slot, 16, 8);
    EXPECT_NE(slot[8], 0);
  }
}

TEST_F(SealTest, ACopyInAnotherSlotIsNone) {
  alignas(16) char other[kSlot];
  seals_.set(slot_, kSlot, 20);
  std::memcpy(other, slot_, kSlot);
  EXPECT_EQ(seals_.read(other, kSlot), Seals::kBroken);
  EXPECT_FALSE(seals_.may_be(other, kSlot));
}

TEST_F(SealTest, AClearSlotMayBeInOrderAndHasNoSize) {
  EXPECT_TRUE(seals_.may_be(slot_, kSlot));
  EXPECT_EQ(seals_.read(slot_, kSlot), Seals::kBroken);
}

TEST_F(SealTest, ThePaddingOfAPageIsWholeOrNot) {
  seals_.fill(slot_ + 3, slot_ + kSlot);
  EXPECT_TRUE(seals_.is_whole(slot_ + 3, slot_ + kSlot));
  EXPECT_NE(slot_[3], 0);
  EXPECT_TRUE(seals_.is_whole(slot_ + kSlot, slot_ + kSlot));
  slot_[3] = 0;
  EXPECT_FALSE(seals_.is_whole(slot_ + 3, slot_ + kSlot));
}

}  // namespace
}  // namespace neap
