#include "hardened/secret.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "fake_os.h"

namespace neap {
namespace {

TEST(Secret, IsAFunctionOfTheWordAndOfWhatWasDrawn) {
  fake_os::reset();
  Secret one, other;
  one.draw();
  fake_os::set_random(1);
  other.draw();
  EXPECT_EQ(one.of(7), one.of(7));
  EXPECT_NE(one.of(7), other.of(7));
  fake_os::reset();
}

// When one bit of a word changes, about half of the bits of its secret change.
TEST(Secret, OneBitChangesHalfOfAll) {
  Secret secret;
  int changed = 0;
  for (int bit = 0; bit < 64; ++bit) changed += std::popcount(secret.of(0) ^ secret.of(std::uint64_t{1} << bit));
  EXPECT_GT(changed, 64 * 24);
  EXPECT_LT(changed, 64 * 40);
}

TEST(Secret, OneBitChangesHalfOfAMark) {
  fake_os::reset();
  Secret secret;
  secret.draw();
  int changed = 0;
  for (int bit = 0; bit < 64; ++bit) changed += std::popcount(secret.mark(0) ^ secret.mark(std::uint64_t{1} << bit));
  EXPECT_GT(changed, 64 * 24);
  EXPECT_LT(changed, 64 * 40);
}

TEST(Secret, MarksAreOfWhatWasDrawn) {
  fake_os::reset();
  Secret one, other;
  one.draw();
  fake_os::set_random(1);
  other.draw();
  EXPECT_EQ(one.mark(7), one.mark(7));
  EXPECT_NE(one.mark(7), other.mark(7));
  fake_os::reset();
}

// The numbers of a hardened heap are those of words from the highest down: where objects lie tells a part of them.
TEST(Secret, NoNumberIsAKeyOfTheMarks) {
  fake_os::reset();
  Secret secret;
  secret.draw();
  const auto folded = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  const auto mark_by_numbers = [&](std::uint64_t first, std::uint64_t step) {
    std::uint64_t key[4];
    for (std::uint64_t i = 0; i < 4; ++i) key[i] = secret.of(first + i * step);
    return folded(folded(7 ^ key[0], key[1]) ^ key[2], 7 ^ key[3]);
  };
  EXPECT_NE(secret.mark(7), mark_by_numbers(~std::uint64_t{0}, ~std::uint64_t{0}));
  EXPECT_NE(secret.mark(7), mark_by_numbers(0, 1));
}

TEST(Secret, WordsInARowAreAllDifferent) {
  Secret secret;
  std::set<std::uint64_t> seen, marks;
  for (std::uint64_t word = 0; word < 10000; ++word) {
    seen.insert(secret.of(word));
    marks.insert(secret.mark(word) & 0xffffffffffff);
  }
  EXPECT_EQ(seen.size(), 10000u);
  EXPECT_EQ(marks.size(), 10000u);
}

}  // namespace
}  // namespace neap
