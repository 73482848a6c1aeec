// Who has a cache: what a thread's end and a fork leave of them.
#include "caches/registry.h"

#include <gtest/gtest.h>

#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

using RegistryTest = KeepingRigTest;

TEST_F(RegistryTest, AClosedCacheGivesAllBackAndServesAgain) {
  ThreadCache* first = rig_.heap.open_cache();
  ThreadCache* second = rig_.heap.open_cache();
  EXPECT_NE(first, second);
  EXPECT_EQ(rig_.sums().threads, 2u);
  free(first, make(first, 50, 64));
  rig_.heap.close_cache(*first);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  EXPECT_EQ(rig_.sums().threads, 1u);
  EXPECT_EQ(rig_.heap.open_cache(), first);
  expect_budget_kept(*first);
}

TEST_F(RegistryTest, ARefusedCacheLeavesNothingReserved) {
  fake_os::refuse(Call::commit);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rig_.heap.open_cache(), nullptr);
  EXPECT_TRUE(fake_os::reservations().empty());
  fake_os::allow(Call::commit);
  EXPECT_NE(rig_.heap.open_cache(), nullptr);
}

TEST_F(RegistryTest, AfterForkTheChildKeepsItsOwnCacheAndGivesUpTheOthers) {
  ThreadCache* mine = rig_.heap.open_cache();
  ThreadCache* other = rig_.heap.open_cache();
  free(mine, make(mine, 30, 64));
  free(other, make(other, 30, 64));
  rig_.heap.before_fork();
  rig_.heap.after_fork_in_child(mine);
  EXPECT_EQ(rig_.sums().threads, 1u);
  EXPECT_EQ(rig_.heap.open_cache(), other);
  expect_budget_kept(*other);
  EXPECT_EQ(other->own_stack(static_cast<std::size_t>(class_of(64))).count(), 0u);
  make(mine, 100, 64);
  rig_.expect_in_order();
  rig_.heap.before_fork();
  rig_.heap.after_fork_in_parent();
  make(other, 100, 64);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
