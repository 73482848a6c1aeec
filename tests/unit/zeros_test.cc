#include "hardened/zeros.h"

#include <gtest/gtest.h>

#include <vector>

namespace neap {
namespace {

TEST(Zeros, TheFirstByteThatIsNoneIsFound) {
  alignas(8) unsigned char memory[64] = {};
  EXPECT_EQ(first_written(memory, 64), 64u);
  for (std::size_t at = 0; at < 64; ++at) {
    memory[at] = 1;
    EXPECT_EQ(first_written(memory, 64), at);
    EXPECT_EQ(first_written(memory, at / 8 * 8), at / 8 * 8);
    EXPECT_FALSE(is_clear(memory, 64));
    EXPECT_FALSE(is_clear(memory, at / 8 * 8 + 8));
    EXPECT_TRUE(is_clear(memory, at / 8 * 8));
    memory[at] = 0;
  }
}

TEST(Zeros, NothingIsLeftAfterAWipe) {
  alignas(8) unsigned char memory[48];
  std::memset(memory, 'x', sizeof memory);
  wipe(memory + 8, 32);
  EXPECT_EQ(first_written(memory + 8, 32), 32u);
  EXPECT_EQ(memory[7], 'x');
  EXPECT_EQ(memory[40], 'x');
}

}  // namespace
}  // namespace neap
