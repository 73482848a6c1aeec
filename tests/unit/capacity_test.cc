// How much a cache may hold, and how its stacks come by their capacity and lose it: without a heap around them.
#include "caches/capacity.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>

#include "caches/thread_cache.h"
#include "rig.h"

namespace neap {
namespace {

constexpr std::size_t index_of(std::size_t size) { return static_cast<std::size_t>(class_of(size)); }
constexpr std::uint32_t slots_of(std::size_t size) { return kThreadShape.max_capacity(index_of(size)); }

// 16 KiB of objects, between two bounds.
static_assert(slots_of(64) == 128 && slots_of(128) == 128);
static_assert(slots_of(256) == 64 && slots_of(512) == 32);
static_assert(slots_of(1024) == 32, "the largest that is fetched ahead");
static_assert(slots_of(1025) == 15 && slots_of(8192) == 2);
static_assert(kMaxInStack == 128);

static_assert(kObjectsPerLines[index_of(8)] == 8 && kObjectsPerLines[index_of(32)] == 2);
static_assert(kObjectsPerLines[index_of(48)] == 4 && kObjectsPerLines[index_of(80)] == 1, "whole lines between them");

static_assert(growth_of(index_of(1024), 0, 32) == kFirstCapacity, "the largest that is fetched ahead");
static_assert(growth_of(index_of(1025), 0, 15) == 1);
static_assert(growth_of(index_of(64), 4, 128) == 4 && growth_of(index_of(64), 100, 128) == 28);
static_assert(growth_of(index_of(8), 0, 128) == 8, "a whole cache line");

class CapacityTest : public PartsTest {
 protected:
  CapacityTest() {
    fake_os::set_cpu_bound(4);
    cache_->reset(0, nullptr);
  }
  // Sets what a thread may hold, in a heap of nothing.
  void allow(std::uint64_t bytes) { options_.cache_bytes = bytes; }
  void grant(std::uint64_t bytes) { cache_->reset(bytes, nullptr); }
  // Gives a stack capacity from outside the budget, and the granted bytes for it.
  void give_capacity(std::size_t size, std::uint32_t slots) {
    Stack stack = cache_->own_stack(index_of(size));
    stack.set_capacity(slots);
    stack.end();
    cache_->own.granted.fetch_add(std::int64_t{slots} * class_size(index_of(size)));
  }
  std::uint32_t capacity(std::size_t size) { return cache_->own_stack(index_of(size)).capacity(); }
  // A stack may ask other classes for capacity at every so many wishes.
  void wish(Stack stack) {
    for (std::uint32_t i = 0; i < kStealEvery; ++i) capacity_.grow(stack);
    stack.end();
  }

  CpuCaches cpus_;
  Capacity capacity_{options_, pages_, limits_, small_, cpus_};

 private:
  alignas(kCacheLine) unsigned char memory_[ThreadCache::bytes(false)] = {};

 protected:
  ThreadCache* const cache_ = reinterpret_cast<ThreadCache*>(memory_);
};

TEST_F(CapacityTest, ThreadsMayHoldHalfOfAHeapBetweenThem) {
  EXPECT_EQ(capacity_.thread_allowance(), 48u << 10) << "of an empty heap";
  pages_.accounts().resident_pages.add(100);
  EXPECT_EQ(capacity_.thread_allowance(), 50 * kPageSize) << "before there is a thread";
  capacity_.set_threads(1);
  EXPECT_EQ(capacity_.thread_allowance(), 50 * kPageSize);
  capacity_.set_threads(2);
  EXPECT_EQ(capacity_.thread_allowance(), 25 * kPageSize);
  capacity_.set_threads(24);
  EXPECT_EQ(capacity_.thread_allowance(), 12u << 10) << "a quarter";
  pages_.accounts().resident_pages.add(1 << 20);
  EXPECT_EQ(capacity_.thread_allowance(), 768u << 10);
}

TEST_F(CapacityTest, ACpuMayHoldWhatItsThreadsWould) {
  EXPECT_EQ(capacity_.cpu_allowance(), 48u << 10) << "before there is a CPU";
  ASSERT_TRUE(cpus_.open());
  ASSERT_TRUE(cpus_.begin(cpus_.at(0), 0));
  EXPECT_EQ(capacity_.cpu_allowance(), 48u << 10) << "before there is a thread";
  cpus_.set_users(3);
  EXPECT_EQ(capacity_.cpu_allowance(), 3 * 48u << 10);
  cpus_.set_users(100);
  EXPECT_EQ(capacity_.cpu_allowance(), 16 * 48u << 10);
  ASSERT_TRUE(cpus_.begin(cpus_.at(1), 0));
  cpus_.set_users(1);
  EXPECT_EQ(capacity_.cpu_allowance(), 48u << 10) << "one thread on two CPUs";
  cpus_.set_users(4);
  EXPECT_EQ(capacity_.cpu_allowance(), 2 * 48u << 10);
}

TEST_F(CapacityTest, WhatIsGrantedFollowsTheAllowanceOfAThreadOrOfACpu) {
  ASSERT_TRUE(cpus_.open());
  Stacks& stacks = cpus_.at(0);
  ASSERT_TRUE(cpus_.begin(stacks, 0));
  cpus_.set_users(3);
  wish(Stack::of(stacks, index_of(64)));
  EXPECT_EQ(stacks.granted.load(), 3 * 48 << 10);
  wish(cache_->own_stack(index_of(64)));
  EXPECT_EQ(cache_->own.granted.load(), 48 << 10);
}

TEST_F(CapacityTest, NoMoreIsTakenFromOtherClassesThanIsWanted) {
  give_capacity(128, 4);
  give_capacity(144, 4);
  allow(4 * 128 + 4 * 144);
  wish(cache_->own_stack(index_of(64)));
  EXPECT_EQ(capacity(64), 4u);
  EXPECT_EQ(capacity(128), 2u) << "half of it: just enough";
  EXPECT_EQ(capacity(144), 4u);
  EXPECT_EQ(cache_->own.budget.load(), 0);
}

TEST_F(CapacityTest, ACacheIsEmptiedAboveTwiceItsAllowanceNotAtIt) {
  allow(48 << 10);
  grant((96 << 10) - 4 * 64);
  give_capacity(64, 4);
  capacity_.fit(cache_->own);
  EXPECT_EQ(capacity(64), 4u);
  EXPECT_EQ(cache_->own.granted.load(), 96 << 10);
  give_capacity(128, 1);
  capacity_.fit(cache_->own);
  EXPECT_EQ(capacity(64), 0u);
  EXPECT_EQ(cache_->own.granted.load(), 48 << 10);
  EXPECT_EQ(cache_->own.budget.load(), 48 << 10);
}

TEST_F(CapacityTest, OfObjectsThatWereNotNeededHalfGoBack) {
  void* objects[9];
  ASSERT_EQ(small_.take(From::slabs, class_of(64), objects, 9), 9u);
  give_capacity(64, 16);
  Stack stack = cache_->own_stack(index_of(64));
  for (void* object : objects) stack.push(object);
  stack.end();
  for (int look = 1; look <= 4; ++look) {
    EXPECT_EQ(cache_->own_stack(stack.c).count(), 9u) << "before look " << look;
    pages_.advance(1024);
    capacity_.fit(cache_->own);
  }
  EXPECT_EQ(cache_->own_stack(stack.c).count(), 5u);
  EXPECT_EQ(cache_->own_stack(stack.c).objects()[0], objects[4]) << "the oldest went";
  EXPECT_EQ(capacity(64), 12u);
  EXPECT_EQ(cache_->own.budget.load(), 4 * 64);
  EXPECT_EQ(small_.sums().bytes_out, 5 * 64u);
}

}  // namespace
}  // namespace neap
