#include "slabs/waiting.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(Waiting, AnObjectWaitsFromBeginToEnd) {
  const ClassRow& row = kClasses[4];
  bits::Word words[2 * kMaxObjects / bits::kWordBits] = {};
  Block block{};
  block.free_bits = words;
  for (std::uint32_t i = 0; i < row.capacity; ++i) bits::set(words, i);
  slab::none_waits(block, row);
  for (const std::uint32_t index : {0u, 63u, 64u, row.capacity - 1u}) {
    EXPECT_FALSE(slab::is_waiting(block, row, index));
    EXPECT_TRUE(slab::begin_waiting(block, row, index));
    EXPECT_FALSE(slab::begin_waiting(block, row, index));
    EXPECT_TRUE(slab::is_waiting(block, row, index));
    EXPECT_FALSE(slab::is_waiting(block, row, index ^ 1));
    slab::end_waiting(block, row, index);
    EXPECT_FALSE(slab::is_waiting(block, row, index));
  }
  for (std::uint32_t i = 0; i < row.capacity; ++i) EXPECT_TRUE(bits::test(words, i));
}

TEST(Waiting, BothBitmapsOfEveryClassAboveEightBytesHaveRoom) {
  for (std::size_t c = 1; c < kClassCount; ++c) {
    EXPECT_GE(slab::bits_with_waiting(kClasses[c].capacity), 2u * kClasses[c].capacity);
    EXPECT_LE(slab::bits_with_waiting(kClasses[c].capacity), kMaxObjects) << c;
  }
}

}  // namespace
}  // namespace neap
