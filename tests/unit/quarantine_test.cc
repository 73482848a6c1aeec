#include "hardened/quarantine.h"

#include <gtest/gtest.h>

#include <set>

#include "fake_os.h"

namespace neap {
namespace {

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() { fake_os::reset(); }
  ~QuarantineTest() override { fake_os::reset(); }

  static constexpr std::size_t kClass = 4;

  bool put(char& object) { return quarantine_.put({&object, kClass}); }
  // Takes one object; null when none waits.
  void* take() {
    Quarantine::Leaving leaving;
    return quarantine_.take(1, leaving) == 0 ? nullptr : leaving[0].object();
  }

  Secret secret_;
  Quarantine quarantine_{secret_};
  char objects_[1000] = {};
};

TEST_F(QuarantineTest, WhatWentInComesOutOnce) {
  ASSERT_TRUE(quarantine_.open(1 << 20));
  std::set<void*> waiting;
  for (char& object : objects_) {
    ASSERT_TRUE(put(object));
    waiting.insert(&object);
  }
  while (void* object = take()) EXPECT_EQ(waiting.erase(object), 1u);
  EXPECT_TRUE(waiting.empty());
}

TEST_F(QuarantineTest, SeveralLeaveTogetherUntilThereIsRoomEnough) {
  ASSERT_TRUE(quarantine_.open(1 << 20));
  for (char& object : objects_) put(object);
  Quarantine::Leaving leaving;
  EXPECT_EQ(quarantine_.take(0, leaving), 0u);
  EXPECT_EQ(quarantine_.take(3 * class_size(kClass), leaving), 3u);
  EXPECT_EQ(leaving[2].class_index(), kClass);
  EXPECT_EQ(quarantine_.take(3 * class_size(kClass) + 1, leaving), 4u);
  EXPECT_EQ(quarantine_.take(1 << 20, leaving), leaving.size());
}

TEST_F(QuarantineTest, TheOrderIsNeitherThatOfFreeNorItsReverse) {
  ASSERT_TRUE(quarantine_.open(1 << 20));
  for (char& object : objects_) put(object);
  int up = 0;
  for (void *last = take(), *next; (next = take()) != nullptr; last = next) up += next > last;
  EXPECT_GT(up, 300);
  EXPECT_LT(up, 700);
}

TEST_F(QuarantineTest, APartThatIsFullTakesNoMore) {
  ASSERT_TRUE(quarantine_.open(100));
  std::size_t held = 0;
  while (put(objects_[held])) ++held;
  EXPECT_EQ(held, 64u);
  EXPECT_NE(take(), nullptr);
  EXPECT_TRUE(put(objects_[held]));
}

TEST_F(QuarantineTest, WithoutMemoryItDoesNotOpen) {
  fake_os::refuse(fake_os::Call::commit);
  EXPECT_FALSE(quarantine_.open(1 << 20));
}

TEST_F(QuarantineTest, OfNoBytesItHoldsNothing) {
  ASSERT_TRUE(quarantine_.open(0));
  EXPECT_FALSE(put(objects_[0]));
  EXPECT_EQ(take(), nullptr);
}

TEST_F(QuarantineTest, AForkBeforeItIsOpenNeedsNothing) {
  quarantine_.before_fork();
  quarantine_.after_fork_in_parent();
  quarantine_.reset_locks();
  EXPECT_EQ(fake_os::calls(fake_os::Call::reserve), 0u);
}

TEST_F(QuarantineTest, NumbersAreAllDifferent) {
  ASSERT_TRUE(quarantine_.open(0));
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(quarantine_.random());
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace neap
