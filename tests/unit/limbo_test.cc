#include "bins/limbo.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

struct TwoWords {
  std::uint64_t words[2] = {1, 2};
};

TEST(Limbo, AnObjectIsInItFromEnterToLeave) {
  Limbo limbo;
  limbo.draw_secret(0x1234567);
  TwoWords object;
  EXPECT_FALSE(limbo.holds(&object));
  limbo.enter(&object);
  EXPECT_TRUE(limbo.holds(&object));
  EXPECT_EQ(object.words[1], 2u);
  Limbo::leave(&object);
  EXPECT_FALSE(limbo.holds(&object));
  EXPECT_EQ(object.words[0], 0u);
}

TEST(Limbo, ManyEnterAtOnce) {
  Limbo limbo;
  TwoWords objects[3];
  void* const two[] = {&objects[0], &objects[2]};
  limbo.enter(two, 2);
  EXPECT_TRUE(limbo.holds(&objects[0]));
  EXPECT_FALSE(limbo.holds(&objects[1]));
  EXPECT_TRUE(limbo.holds(&objects[2]));
}

TEST(Limbo, ACopyElsewhereIsNoKey) {
  Limbo limbo;
  TwoWords object, copy;
  limbo.enter(&object);
  copy = object;
  EXPECT_FALSE(limbo.holds(&copy));
}

TEST(Limbo, KeysDifferFromProcessToProcess) {
  Limbo one, other;
  EXPECT_FALSE(one.has_secret());
  one.draw_secret(1);
  other.draw_secret(2);
  EXPECT_TRUE(one.has_secret());
  TwoWords object;
  one.enter(&object);
  EXPECT_FALSE(other.holds(&object));
}

TEST(Limbo, NoKeyIsZeroOrTheAddress) {
  Limbo limbo;
  TwoWords object;
  limbo.draw_secret(address_of(&object));
  EXPECT_NE(limbo.key(&object), 0u);
  limbo.draw_secret(0);
  EXPECT_NE(limbo.key(&object), address_of(&object));
}

}  // namespace
}  // namespace neap
