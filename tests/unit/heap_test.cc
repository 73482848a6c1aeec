// The release policy, the board, memory that runs out, and fork's locks, on a whole heap.
#include "heap/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

class HeapTest : public RigTest {
 protected:
  HeapTest() { rig_.heap.options.dirty_floor = std::uint64_t{1} << 40; }
};

TEST_F(HeapTest, ObjectsComeInAddressOrder) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(cache, 500, 48);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST_F(HeapTest, AnObjectOfAnEmptySlabGoesBackByItselfOnce) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(nullptr, 100, 2048);
  rig_.free(nullptr, all.front());  // refills come from its slab now
  Block& block = rig_.block(all.back());
  std::vector<void*> beside;
  std::copy_if(all.begin(), all.end(), std::back_inserter(beside), [&](void* at) { return &rig_.block(at) == &block; });
  ASSERT_GT(beside.size(), 2u);
  for (std::size_t i = 2; i < beside.size(); ++i) rig_.free(nullptr, beside[i]);
  ASSERT_EQ(block.admission.load(), 0u);
  const std::uint32_t free = block.free_count;
  EXPECT_TRUE(rig_.heap.give_to_slab(*cache, block, beside[0]));
  EXPECT_EQ(block.free_count, free + 1);
  EXPECT_FALSE(rig_.heap.give_to_slab(*cache, block, beside[0])) << "it is free";
  EXPECT_EQ(block.free_count, free + 1);
}

// Whatever words of another kind the descriptor held before, none of them is taken for a mark of huge pages.
TEST_F(HeapTest, AnObjectWhereAMixedBlockLayHasNoHugePages) {
  void* small = rig_.allocate(nullptr, 400);
  ASSERT_EQ(rig_.block(small).kind.load(), BlockKind::mixed);
  Block* block = &rig_.block(small);
  rig_.free(nullptr, small);
  ASSERT_EQ(block->kind.load(), BlockKind::free);
  std::memset(static_cast<void*>(&block->mixed), 1, sizeof block->mixed);
  void* large = rig_.allocate(nullptr, kBlockSize);
  ASSERT_EQ(&rig_.block(large), block);
  EXPECT_FALSE(block->large.huge);
}

TEST_F(HeapTest, ASlotTellsWhetherItsPageHeldMemory) {
  ASSERT_TRUE(rig_.heap.harden());
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  bool fresh = false;
  rig_.heap.take_slot(c, 0, fresh);
  EXPECT_TRUE(fresh);
  rig_.heap.take_slot(c, 0, fresh);
  EXPECT_FALSE(fresh) << "it lies beside the first";
  EXPECT_EQ(rig_.sums().events, 2u) << "each call is an event";
}

TEST_F(HeapTest, OutOfMemoryIsNullAndTheHeapStaysUsable) {
  ThreadCache* cache = rig_.heap.open_cache();
  fake_os::refuse(Call::reserve);
  fake_os::refuse(Call::commit);
  for (const std::size_t size : {8u, 64u, 1024u, 2000u, 32768u}) EXPECT_EQ(rig_.allocate(cache, size), nullptr) << size;
  fake_os::allow(Call::reserve);
  fake_os::allow(Call::commit);
  for (const std::size_t size : {8u, 64u, 1024u, 2000u, 32768u}) EXPECT_NE(rig_.allocate(cache, size), nullptr) << size;
  rig_.expect_in_order();
}

TEST_F(HeapTest, TheBoardSaysWhatItIs) {
  const neap_telemetry& board = rig_.sums();
  EXPECT_EQ(board.magic, NEAP_TELEMETRY_MAGIC);
  EXPECT_EQ(board.version, NEAP_TELEMETRY_VERSION);
  EXPECT_EQ(board.size, sizeof(neap_telemetry));
}

// Slabs of objects above those in mixed blocks cannot be opened to other sizes: their objects serve as they are.
TEST_F(HeapTest, WhereMemoryIsOutAFreeObjectOfALargerClassServes) {
  rig_.allocate(nullptr, 16384);  // the first of a slab's four
  fake_os::refuse(Call::reserve);
  fake_os::refuse(Call::commit);
  std::size_t larger = 0, count = 0;
  while (void* object = rig_.allocate(nullptr, 12000)) {
    larger += rig_.usable(object) == 16384 ? 1u : 0u;
    ASSERT_LT(++count, 100000u);
  }
  EXPECT_EQ(larger, 3u);
  rig_.expect_in_order();
}

// A program that makes few calls is told from one that makes none.
TEST_F(HeapTest, TheBoardCountsWhatCachesWereGiven) {
  make(rig_.heap.open_cache(), 100, 64);
  rig_.heap.publish();
  EXPECT_GE(rig_.board.served, 100u);
}

TEST_F(HeapTest, FreePagesStayUntilTheyAreOldEnough) {
  rig_.heap.options.decay_events = 1000;
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  const std::uint64_t dirty = rig_.sums().dirty_bytes;
  EXPECT_GT(dirty, 0u);
  void* object = rig_.allocate(nullptr, 2000);
  for (int i = 0; i < 400; ++i) rig_.free(nullptr, std::exchange(object, rig_.allocate(nullptr, 2000)));
  EXPECT_GT(rig_.sums().dirty_bytes, 0u);
  EXPECT_EQ(rig_.board.returned_bytes, 0u);
  for (int i = 0; i < 400; ++i) rig_.free(nullptr, std::exchange(object, rig_.allocate(nullptr, 2000)));
  EXPECT_GT(rig_.sums().returned_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(HeapTest, FreePagesAboveTheLimitGoAtOnce) {
  rig_.heap.options.dirty_percent = 0;
  rig_.heap.options.dirty_floor = 40 * kPageSize;
  const std::vector<void*> all = make(nullptr, 20, 10 * kPageSize);
  for (void* object : all) {
    rig_.free(nullptr, object);
    EXPECT_LE(rig_.sums().dirty_bytes, 40 * kPageSize);
  }
  EXPECT_GT(rig_.sums().returned_bytes, 0u);
  rig_.expect_in_order();
}

// A discard takes microseconds, and sends interrupts where there are threads: a call pays for one, the next ones go on.
TEST_F(HeapTest, ACallMakesOneDiscard) {
  const std::vector<void*> all = make(nullptr, 12, 10 * kPageSize);
  const std::vector<void*> small = make(nullptr, 12, 100);
  for (std::size_t i = 0; i < all.size(); i += 2) rig_.free(nullptr, all[i]);  // no two are neighbours
  rig_.heap.options.dirty_floor = rig_.heap.options.dirty_percent = 0;
  for (std::size_t i = 0; i < small.size() / 2; ++i) {
    EXPECT_EQ(fake_os::discards().size(), i);
    rig_.free(nullptr, small[i]);
  }
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

// An event can be a batch of frees that leaves a page of many blocks behind: far above the limit a call makes several.
TEST_F(HeapTest, FreesDoNotOutrunTheRelease) {
  const std::vector<void*> all = make(nullptr, 400, 10 * kPageSize);
  for (std::size_t i = 0; i < all.size(); i += 2) rig_.free(nullptr, all[i]);
  rig_.heap.options.dirty_floor = rig_.heap.options.dirty_percent = 0;
  for (int i = 0; i < 30; ++i) rig_.heap.release_due();
  EXPECT_LE(rig_.sums().dirty_bytes, 64 * kPageSize);
  rig_.expect_in_order();
}

// Pages whose discard was refused are due again, and asked for more and more rarely while that goes on.
TEST_F(HeapTest, WhatTheSystemRefusedIsReturnedLater) {
  rig_.heap.options.dirty_floor = rig_.heap.options.dirty_percent = 0;
  const std::vector<void*> all = make(nullptr, 100, 10 * kPageSize);
  const std::vector<void*> small = make(nullptr, 4000, 100);
  fake_os::refuse(Call::discard);
  free(nullptr, all);
  for (std::size_t i = 0; i < small.size(); i += 2) rig_.free(nullptr, small[i]);
  const std::uint64_t before = fake_os::calls(Call::discard);
  for (std::size_t i = 1; i < small.size(); i += 2) rig_.free(nullptr, small[i]);
  EXPECT_LE(fake_os::calls(Call::discard) - before, 8u);
  EXPECT_GE(rig_.sums().dirty_bytes, 1000 * kPageSize);
  rig_.expect_in_order();
  fake_os::allow(Call::discard);
  for (int i = 0; i < 30000; ++i) rig_.free(nullptr, rig_.allocate(nullptr, 100));
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(HeapTest, ReleaseAllReturnsEveryFreePage) {
  ThreadCache* cache = rig_.heap.open_cache();
  std::vector<void*> all = make(cache, 3000, 64), kept;
  for (std::size_t i = 0; i < all.size(); i += 500)
    std::swap(all[i], all.back()), kept.push_back(all.back()), all.pop_back();
  free(cache, all);
  rig_.free(cache, rig_.allocate(cache, 1 << 20));
  rig_.heap.flush(*cache);
  EXPECT_GT(rig_.heap.release_all(), std::size_t{1} << 20);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  EXPECT_EQ(rig_.sums().resident_bytes, rig_.board.resident_bytes);
  EXPECT_LE(rig_.sums().resident_bytes, kept.size() * 2 * kPageSize);
  rig_.expect_in_order();
}

// A system that never takes pages back costs memory, not time or soundness.
TEST_F(HeapTest, ASystemThatRefusesEveryDiscard) {
  rig_.heap.options.dirty_floor = rig_.heap.options.dirty_percent = 0;
  fake_os::refuse(Call::discard);
  ThreadCache* cache = rig_.heap.open_cache();
  constexpr std::size_t kRounds = 2000;
  for (std::size_t i = 0; i < kRounds; ++i) {
    void* small = rig_.allocate(cache, 5000);
    void* large = rig_.allocate(cache, 50000 + i * 8, true);
    const char* bytes = static_cast<const char*>(large);
    ASSERT_TRUE(std::all_of(bytes, bytes + 50000, [](char byte) { return byte == 0; }));
    std::memset(large, 1, 50000);
    rig_.free(cache, small);
    rig_.free(cache, large);
  }
  EXPECT_LT(fake_os::calls(Call::discard), kRounds * 8);
}

TEST_F(HeapTest, TheTrimAskedForFromOutsideHappensAtTheNextEvent) {
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  EXPECT_GT(rig_.sums().dirty_bytes, 0u);
  rig_.board.control = 1;
  rig_.allocate(nullptr, 2000);
  EXPECT_EQ(rig_.board.control, 0u);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
}

TEST_F(HeapTest, AfterForkTheChildKeepsItsOwnCacheAndGivesUpTheOthers) {
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
