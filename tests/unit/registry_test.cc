// Who has a cache: what a thread's end and a fork leave of them.
#include "caches/registry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
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

TEST_F(RegistryTest, AfterForkTheCachesOfAllOthersServeAgain) {
  ThreadCache *first = rig_.heap.open_cache(), *second = rig_.heap.open_cache(), *mine = rig_.heap.open_cache();
  rig_.heap.before_fork();
  rig_.heap.after_fork_in_child(mine);
  ThreadCache *one = rig_.heap.open_cache(), *other = rig_.heap.open_cache();
  EXPECT_TRUE((one == first && other == second) || (one == second && other == first));
}

// Each of these two takes one lock alone. Without that lock the fork would copy what it is about to change.
TEST_F(RegistryTest, AForkKeepsOtherThreadsOutUntilItIsOver) {
  leave_single_thread();
  std::atomic<int> through{0};
  rig_.heap.before_fork();
  std::thread beginner([&] { rig_.heap.begin(), ++through; });     // the release lock
  std::thread opener([&] { rig_.heap.open_cache(), ++through; });  // the registry's
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(through.load(), 0);
  rig_.heap.after_fork_in_parent();
  alarm(10);  // seconds: a lock that nobody lets go of ends the test
  beginner.join();
  opener.join();
  alarm(0);
  EXPECT_EQ(through.load(), 2);
}

// The registry without a heap around it.
class RegistryAloneTest : public testing::Test {
 protected:
  RegistryAloneTest() {
    fake_os::set_cpu_bound(4);
    EXPECT_TRUE(cpus_.open());
  }
  std::uint64_t metadata() { return pages_.accounts().metadata_bytes.get(); }

  Rig system_;  // the fake one, as it was
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  neap_telemetry figures_{};
  PageHeap pages_{*map_};
  Options options_;
  Limbo limbo_;
  Limits limits_{options_, pages_};
  SmallObjects small_{pages_, limits_};
  Board board_{figures_, pages_, small_};
  CpuCaches cpus_;
  Capacity capacity_{options_, pages_, limits_, small_, cpus_};
  Registry registry_{options_, limbo_, pages_, small_, board_, cpus_, capacity_};
};

TEST_F(RegistryAloneTest, TheMemoryOfACpusStacksIsCounted) {
  ASSERT_TRUE(registry_.begin_cpu(cpus_.at(0)));
  const std::uint64_t before = metadata();
  ASSERT_TRUE(registry_.begin_cpu(cpus_.at(1)));  // it has the bins that the first has made
  EXPECT_EQ(metadata(), before + round_up(Stacks::bytes(kCpuShape), kPageSize));
}

// Two threads may come to a CPU's first use at once.
TEST_F(RegistryAloneTest, WhatHasBegunIsNotBegunAgain) {
  Stacks& stacks = cpus_.at(0);
  ASSERT_TRUE(registry_.begin_cpu(stacks));
  const std::uint64_t before = metadata();
  stacks.granted.store(1);
  EXPECT_TRUE(registry_.begin_cpu(stacks));
  EXPECT_EQ(cpus_.begun(), 1u);
  EXPECT_EQ(stacks.granted.load(), 1);
  EXPECT_EQ(metadata(), before);
}

}  // namespace
}  // namespace neap
