#include "hardened/empty_objects.h"

#include <gtest/gtest.h>

#include <set>

#include "fake_os.h"

namespace neap {
namespace {

class EmptyObjectsTest : public testing::Test {
 protected:
  EmptyObjectsTest() { fake_os::reset(); }
  ~EmptyObjectsTest() override { fake_os::reset(); }
  EmptyObjects empty_;
};

TEST_F(EmptyObjectsTest, BeforeItIsOpenItHoldsNothing) {
  EXPECT_FALSE(empty_.is_open());
  EXPECT_FALSE(empty_.holds(nullptr));
}

TEST_F(EmptyObjectsTest, EachIsItsOwnUntilItIsGiven) {
  ASSERT_TRUE(empty_.open());
  void *a = empty_.take(), *b = empty_.take();
  EXPECT_NE(a, b);
  EXPECT_EQ(address_of(a) % EmptyObjects::kApart, 0u);
  EXPECT_TRUE(empty_.holds(a) && empty_.is_live(a));
  EXPECT_FALSE(empty_.is_live(static_cast<char*>(a) + 1));
  EXPECT_FALSE(empty_.give(static_cast<char*>(a) + 1));
  EXPECT_TRUE(empty_.give(a));
  EXPECT_FALSE(empty_.is_live(a));
  EXPECT_FALSE(empty_.give(a));
  EXPECT_NE(empty_.take(), a);
}

TEST_F(EmptyObjectsTest, WhenAllAreInUseThereIsNone) {
  ASSERT_TRUE(empty_.open());
  void* some = nullptr;
  for (std::size_t i = 0; i < EmptyObjects::kCount; ++i) {
    some = empty_.take();
    ASSERT_NE(some, nullptr);
  }
  EXPECT_EQ(empty_.take(), nullptr);
  EXPECT_TRUE(empty_.give(some));
  EXPECT_EQ(empty_.take(), some);
}

TEST_F(EmptyObjectsTest, NothingCanTouchThem) {
  ASSERT_TRUE(empty_.open());
  char* object = static_cast<char*>(empty_.take());
  EXPECT_DEATH(*object = 'x', "");
}

}  // namespace
}  // namespace neap
