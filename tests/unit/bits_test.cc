#include "base/bits.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace neap::bits {
namespace {

constexpr std::size_t kBits = 200;
using Words = std::array<Word, 4>;

// The same set as plain bools, to compare with.
struct Pair {
  Words words{};
  std::vector<bool> model = std::vector<bool>(kBits, false);

  explicit Pair(std::mt19937& random) {
    for (std::size_t i = 0; i < kBits; ++i) {
      if (random() % 3 == 0) {
        set(words.data(), i);
        model[i] = true;
      }
    }
  }
};

TEST(Bits, SetAndTestOneBit) {
  Words words{};
  set(words.data(), 64);
  EXPECT_FALSE(test(words.data(), 63));
  EXPECT_TRUE(test(words.data(), 64));
  EXPECT_EQ(words[1], 1u);
}

TEST(Bits, MaskInWordIsTheOverlap) {
  EXPECT_EQ(mask_in_word(0, 0, 64), ~Word{0});
  EXPECT_EQ(mask_in_word(0, 3, 5), Word{0b11000});
  EXPECT_EQ(mask_in_word(1, 3, 65), Word{1});
  EXPECT_EQ(mask_in_word(1, 127, 300), Word{1} << 63);
}

TEST(Bits, RangesAgreeWithAModel) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    Pair pair(random);
    std::size_t from = random() % (kBits + 1), to = random() % (kBits + 1);
    if (from > to) std::swap(from, to);
    const bool filled = random() % 2 != 0;
    if (filled)
      set_range(pair.words.data(), from, to);
    else
      clear_range(pair.words.data(), from, to);
    for (std::size_t i = from; i < to; ++i) pair.model[i] = filled;
    for (std::size_t i = 0; i < kBits; ++i)
      ASSERT_EQ(test(pair.words.data(), i), pair.model[i]) << from << " " << to << " " << i;
    EXPECT_TRUE(!filled || all_set(pair.words.data(), from, to));
    EXPECT_TRUE(filled || from == to || !all_set(pair.words.data(), from, to));
  }
}

TEST(Bits, FindAgreesWithAModel) {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    const Pair pair(random);
    const std::size_t from = random() % kBits, to = from + random() % (kBits - from + 1);
    const bool value = random() % 2 != 0;
    std::size_t expected = from;
    while (expected < to && pair.model[expected] != value) ++expected;
    ASSERT_EQ(find(pair.words.data(), from, to, value), expected);
  }
}

TEST(Bits, FindLastAgreesWithAModel) {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    const Pair pair(random);
    const std::size_t from = random() % kBits, to = from + random() % (kBits - from + 1);
    const bool value = random() % 2 != 0;
    std::size_t expected = to;
    while (expected > from && pair.model[expected - 1] != value) --expected;
    ASSERT_EQ(find_last(pair.words.data(), from, to, value), expected);
  }
}

TEST(Bits, AllSetMissesNoBitThatIsClear) {
  for (std::size_t clear = 0; clear < kBits; ++clear) {
    Words words;
    words.fill(~Word{0});
    words[clear / kWordBits] &= ~(Word{1} << clear % kWordBits);
    for (std::size_t to = 0; to <= kBits; ++to) {
      for (const std::size_t from : {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{100}})
        ASSERT_EQ(all_set(words.data(), from, to), clear < from || clear >= to) << from << " " << to << " " << clear;
    }
  }
}

}  // namespace
}  // namespace neap::bits
