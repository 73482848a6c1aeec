#include "base/units.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

static_assert(kFewObjects % 64 == 0, "the bitmap in a descriptor has whole words");

TEST(Units, APowerOfTwoHasOneBit) {
  for (std::size_t bit = 0; bit < 64; ++bit) EXPECT_TRUE(is_power_of_two(std::size_t{1} << bit));
  for (const std::size_t other : {std::size_t{0}, std::size_t{3}, std::size_t{6}, ~std::size_t{0}}) {
    EXPECT_FALSE(is_power_of_two(other)) << other;
  }
}

TEST(Units, RoundsUpToTheNextMultipleAndNoFurther) {
  EXPECT_EQ(round_up(0, 16), 0u);
  EXPECT_EQ(round_up(1, 16), 16u);
  EXPECT_EQ(round_up(16, 16), 16u);
  EXPECT_EQ(round_up(17, 16), 32u);
}

TEST(Units, ABegunPageOrBlockCounts) {
  EXPECT_EQ(pages_of(0), 0u);
  EXPECT_EQ(pages_of(1), 1u);
  EXPECT_EQ(pages_of(kPageSize), 1u);
  EXPECT_EQ(pages_of(kPageSize + 1), 2u);
  EXPECT_EQ(blocks_of(1), 1u);
  EXPECT_EQ(blocks_of(kBlockSize), 1u);
  EXPECT_EQ(blocks_of(kBlockSize + 1), 2u);
}

TEST(Units, AnAddressIsABlockAndAPlaceInIt) {
  const void* const pointer = pointer_to(0x7f1234561238);
  EXPECT_EQ(block_id_of(pointer), static_cast<BlockId>(0x7f123456));
  EXPECT_EQ(offset_in_block(pointer), 0x1238u);
  EXPECT_EQ(block_address(block_id_of(pointer)) + offset_in_block(pointer), pointer);
}

}  // namespace
}  // namespace neap
