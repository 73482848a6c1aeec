// Thread caches, the release policy, and fork's locks, on a whole heap.
#include "heap/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

class HeapTest : public RigTest {
 protected:
  HeapTest() { rig_.heap.options.dirty_floor = std::uint64_t{1} << 40; }

  // What the stacks of a cache may hold, in bytes.
  static std::int64_t capacity_bytes(ThreadCache& cache) {
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < kCachedClasses; ++c)
      bytes += std::int64_t{cache.own_stack(c).capacity()} * class_size(c);
    return bytes;
  }
  void expect_budget_kept(ThreadCache& cache) {
    peak_ = std::max(peak_, std::uint64_t{rig_.sums().resident_bytes});
    EXPECT_EQ(cache.own.budget + capacity_bytes(cache), cache.own.granted);
    EXPECT_LE(cache.own.granted, static_cast<std::int64_t>(largest_budget(peak_, 1)));
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      EXPECT_LE(cache.own_stack(c).capacity(), kThreadShape.max_capacity(c));
      EXPECT_LE(cache.own_stack(c).count(), cache.own_stack(c).capacity());
    }
  }

  std::uint64_t peak_ = 0;  // bytes resident, as far as looked at
};

TEST_F(HeapTest, ObjectsComeInAddressOrder) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(cache, 500, 48);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

// The example above heap/small.cc, whose numbers these are.
TEST_F(HeapTest, ARefillByExample) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  const auto after = [&](std::size_t mallocs) {  // what the stack is and has, once the thread made one more malloc
    make(cache, mallocs, 64);
    const Stack stack = cache->own_stack(c);
    return std::pair(stack.capacity(), stack.count());
  };
  EXPECT_EQ(after(1), std::pair(4u, 1u)) << "the first fetches 2";
  EXPECT_EQ(after(2), std::pair(8u, 3u)) << "the third fetches 4";
  EXPECT_EQ(after(4), std::pair(16u, 7u)) << "the seventh fetches 8";
  EXPECT_EQ(after(8), std::pair(32u, 15u)) << "the fifteenth fetches 16";
  EXPECT_EQ(after(16), std::pair(64u, 31u)) << "the thirty-first fetches 32";
  EXPECT_EQ(after(32), std::pair(128u, 1u)) << "the sixty-third fetches the page's last 2";
  make(cache, 256, 64);
  while (cache->own_stack(c).count() != 0) make(cache, 1, 64);
  EXPECT_EQ(after(1), std::pair(128u, 63u)) << "a thread that only takes fetches a page";
}

// What a large heap allowed goes back to the last object, that of the first class too: none is left in a stack of no
// capacity.
TEST_F(HeapTest, AStackOfOneObjectIsEmptiedWhenTheHeapHasShrunk) {
  ThreadCache* cache = rig_.heap.open_cache();
  std::vector<void*> all = make(cache, 200'000, 64);
  const auto add = [&](std::size_t count, std::size_t size) {
    const std::vector<void*> more = make(cache, count, size);
    all.insert(all.end(), more.begin(), more.end());
  };
  for (std::size_t size = 64; size <= 1024; size += 64) add(200, size);
  ASSERT_GT(cache->own.granted, 2 * static_cast<std::int64_t>(rig_.heap.options.cache_bytes));
  const std::size_t c = static_cast<std::size_t>(class_of(8));
  make(cache, 1, 8);
  while (cache->own_stack(c).count() != 1) make(cache, 1, 8);
  free(cache, all);
  rig_.heap.options.dirty_floor = 0;
  for (int i = 0; i < 20'000 && cache->own_stack(c).capacity() != 0; ++i) {
    rig_.free(cache, rig_.allocate(cache, 40'000));
  }
  EXPECT_EQ(cache->own_stack(c).capacity(), 0u);
  EXPECT_EQ(cache->own_stack(c).count(), 0u);
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

TEST_F(HeapTest, ABudgetIsSpentToItsLastByte) {
  rig_.heap.options.cache_bytes = 4 * 64;
  ThreadCache* cache = rig_.heap.open_cache();
  make(cache, 1, 64);
  EXPECT_EQ(cache->own_stack(static_cast<std::size_t>(class_of(64))).capacity(), 4u);
  EXPECT_EQ(cache->own.budget.load(), 0);
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

TEST_F(HeapTest, ACacheKeepsToItsBudget) {
  ThreadCache* cache = rig_.heap.open_cache();
  std::vector<void*> all;
  for (std::size_t round = 0; round < 6; ++round) {
    for (std::size_t size = 8; size <= kLargestCached; size += 40) {
      const std::vector<void*> some = make(cache, 20 + round * 7, size);
      all.insert(all.end(), some.begin(), some.end());
      expect_budget_kept(*cache);
    }
    free(cache, all);
    all.clear();
    expect_budget_kept(*cache);
  }
  rig_.heap.flush(*cache);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
}

// What lies in a stack for long goes back, and what a thread uses meanwhile stays.
TEST_F(HeapTest, StacksShedWhatTheyDoNotNeed) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  const std::size_t idle = static_cast<std::size_t>(class_of(100)), used = static_cast<std::size_t>(class_of(200));
  free(cache, make(cache, 100, 100));
  const std::uint32_t before = cache->own_stack(idle).count();
  EXPECT_GE(before, 64u);
  const auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      free(cache, make(cache, 20, 200));
      rig_.free(cache, rig_.allocate(cache, 40000));  // a heap event or two
    }
  };
  work();
  EXPECT_LE(cache->own_stack(idle).count(), before / 2);
  work(), work(), work(), work();
  EXPECT_LE(cache->own_stack(idle).count(), 8u);
  EXPECT_GE(cache->own_stack(used).capacity(), 8u);
  expect_budget_kept(*cache);
}

// A freed object above kLargestBatched is kept for the next malloc; none is fetched ahead.
TEST_F(HeapTest, LargerObjectsAreCachedOneByOne) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  for (const std::size_t size : {kLargestBatched + 1, std::size_t{4096}, kLargestCached}) {
    const std::size_t c = static_cast<std::size_t>(class_of(size));
    void* object = rig_.allocate(cache, size);
    EXPECT_EQ(cache->own_stack(c).count(), 0u);
    rig_.free(cache, object);
    EXPECT_EQ(cache->own_stack(c).count(), 1u);
    EXPECT_EQ(rig_.allocate(cache, size), object);
    rig_.free(cache, object);
  }
  expect_budget_kept(*cache);
}

// Frees what fills the stacks, and takes some again.
TEST_F(HeapTest, ALargeHeapMayCacheMoreAndNoLongerOnceItIsSmall) {
  rig_.heap.options.dirty_floor = 0;
  ThreadCache* cache = rig_.heap.open_cache();
  const std::uint64_t usual = rig_.heap.options.cache_bytes;
  std::vector<void*> all;
  for (std::size_t size = 64; size <= 4096; size += 64) {
    const std::vector<void*> some = make(cache, 400, size);
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_GT(cache->own.granted, static_cast<std::int64_t>(usual * 3));
  expect_budget_kept(*cache);
  free(cache, all);
  rig_.heap.release_all();
  for (int i = 0; i < 1000; ++i) rig_.free(nullptr, rig_.allocate(nullptr, 64));
  for (int i = 0; i < 1000; ++i) {
    void* pair[] = {rig_.allocate(cache, 64), rig_.allocate(cache, 30000)};
    rig_.free(cache, pair[0]);
    rig_.free(nullptr, pair[1]);
  }
  EXPECT_LE(cache->own.granted, static_cast<std::int64_t>(usual * 2));
  rig_.heap.flush(*cache);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
}

// Once it has so much of them a class has a slab of its own, from which they come then.
TEST_F(HeapTest, AnObjectOfAMixedBlockIsTheNextOneUntilItsClassEarnsASlab) {
  ThreadCache* cache = rig_.heap.open_cache();
  void* object = rig_.allocate(cache, 1000);
  ASSERT_EQ(rig_.block(object).kind.load(), BlockKind::mixed);
  rig_.free(cache, object);
  EXPECT_EQ(rig_.allocate(cache, 1000), object);
  for (int i = 0; i < 20; ++i) {
    rig_.free(cache, object);
    object = rig_.allocate(cache, 1000);
  }
  EXPECT_EQ(rig_.block(object).kind.load(), BlockKind::slab);
  rig_.free(cache, object);
  rig_.heap.flush(*cache);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(HeapTest, OfObjectsAboveTheStacksTheOneFreedLastIsKept) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(cache, 3, 20000);
  const std::uint64_t each = rig_.sums().small_bytes / 3;
  free(cache, all);
  EXPECT_EQ(rig_.sums().small_bytes, each);
  EXPECT_NE(rig_.allocate(cache, 30000), all[2]);
  EXPECT_EQ(rig_.allocate(cache, 20000), all[2]);
  rig_.free(cache, all[2]);
  rig_.heap.flush(*cache);
  EXPECT_EQ(rig_.sums().small_bytes, class_size(static_cast<std::size_t>(class_of(30000))));
  rig_.expect_in_order();
}

TEST_F(HeapTest, ABudgetOfNothingCachesNothing) {
  rig_.heap.options.cache_bytes = 0;
  ThreadCache* cache = rig_.heap.open_cache();
  free(cache, make(cache, 100, 64));
  free(cache, make(cache, 100, 20000));
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
}

TEST_F(HeapTest, AFreedObjectIsTheNextOne) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  make(cache, 10, 64);
  void* object = rig_.allocate(cache, 64);
  rig_.free(cache, object);
  EXPECT_EQ(rig_.allocate(cache, 64), object);
}

TEST_F(HeapTest, FreesThatMayNotBeCachedAreGivenBackInBatches) {
  leave_single_thread();
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(nullptr, 4096, 64);
  const std::uint64_t out = rig_.sums().small_bytes;
  for (std::size_t i = 1024; i < 1024 + 200; ++i) rig_.free(nullptr, all[i]);  // the second slab is now below 7/8
  rig_.free(nullptr, all[0]);                                                  // and not the lowest
  for (std::size_t i = 1300; i < 1310; ++i) rig_.free(cache, all[i]);
  EXPECT_EQ(cache->stash.count, 10u);
  for (std::size_t i = 1310; i < 1400; ++i) rig_.free(cache, all[i]);
  EXPECT_LT(cache->stash.count, Stash::kCapacity);
  rig_.heap.flush(*cache);
  EXPECT_EQ(cache->stash.count, 0u);
  EXPECT_EQ(out - rig_.sums().small_bytes, (200 + 1 + 100) * 64u);
  rig_.expect_in_order();
}

TEST_F(HeapTest, TwoThreadsGetNoObjectsInOneCacheLine) {
  rig_.warm_up();
  ThreadCache *first = rig_.heap.open_cache(), *second = rig_.heap.open_cache();
  const auto line_of = [](void* object) { return address_of(object) / 64; };
  for (const std::size_t size : {8u, 16u, 32u, 48u}) {
    std::set<std::uintptr_t> lines;
    for (int i = 0; i < 200; ++i) {
      lines.insert(line_of(rig_.allocate(first, size)));
      EXPECT_EQ(lines.count(line_of(rig_.allocate(second, size))), 0u) << size << " bytes, object " << i;
    }
  }
}

TEST_F(HeapTest, AThreadKeepsNothingOfAClassItNeverAskedFor) {
  rig_.warm_up();
  leave_single_thread();
  ThreadCache *first = rig_.heap.open_cache(), *second = rig_.heap.open_cache();
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  void* gift = rig_.allocate(first, 64);
  ASSERT_TRUE(rig_.block(gift).admission.load() != 0);
  rig_.free(second, gift);
  EXPECT_EQ(second->own_stack(c).capacity(), 0u);
  EXPECT_EQ(second->stash.count, 1u);
  void* own = rig_.allocate(second, 64);
  rig_.free(second, own);
  EXPECT_EQ(rig_.allocate(second, 64), own);
}

TEST_F(HeapTest, AClosedCacheGivesAllBackAndServesAgain) {
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

TEST_F(HeapTest, ARefusedCacheLeavesNothingReserved) {
  fake_os::refuse(Call::commit);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rig_.heap.open_cache(), nullptr);
  EXPECT_TRUE(fake_os::reservations().empty());
  fake_os::allow(Call::commit);
  EXPECT_NE(rig_.heap.open_cache(), nullptr);
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
