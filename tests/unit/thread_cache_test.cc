// What a thread keeps at hand, and for how long: its stacks, their capacity and refills, its stash, its big object.
#include "caches/thread_cache.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using ThreadCacheTest = KeepingRigTest;

// The example of a refill in caches/caches.cc has these numbers.
TEST_F(ThreadCacheTest, ARefillByExample) {
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

// When a heap shrinks, all that its size allowed goes back, to the last object and in the first class too. A stack
// without capacity holds nothing.
TEST_F(ThreadCacheTest, AStackOfOneObjectIsEmptiedWhenTheHeapHasShrunk) {
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

TEST_F(ThreadCacheTest, ABudgetIsSpentToItsLastByte) {
  rig_.heap.options.cache_bytes = 4 * 64;
  ThreadCache* cache = rig_.heap.open_cache();
  make(cache, 1, 64);
  EXPECT_EQ(cache->own_stack(static_cast<std::size_t>(class_of(64))).capacity(), 4u);
  EXPECT_EQ(cache->own.budget.load(), 0);
}

TEST_F(ThreadCacheTest, ACacheKeepsToItsBudget) {
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
TEST_F(ThreadCacheTest, StacksShedWhatTheyDoNotNeed) {
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
TEST_F(ThreadCacheTest, LargerObjectsAreCachedOneByOne) {
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

// The heap is made large and then small again, and its thread goes on meanwhile.
TEST_F(ThreadCacheTest, ALargeHeapMayCacheMoreAndNoLongerOnceItIsSmall) {
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
  rig_.heap.flush(*cache);  // of threads, what lies in the stash keeps a page each
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

// Once a class has enough objects it earns a slab, and its objects come from there.
TEST_F(ThreadCacheTest, AnObjectOfAMixedBlockIsTheNextOneUntilItsClassEarnsASlab) {
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

TEST_F(ThreadCacheTest, OfObjectsAboveTheStacksTheOneFreedLastIsKept) {
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

TEST_F(ThreadCacheTest, ABudgetOfNothingCachesNothing) {
  rig_.heap.options.cache_bytes = 0;
  ThreadCache* cache = rig_.heap.open_cache();
  free(cache, make(cache, 100, 64));
  free(cache, make(cache, 100, 20000));
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
}

TEST_F(ThreadCacheTest, AFreedObjectIsTheNextOne) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  make(cache, 10, 64);
  void* object = rig_.allocate(cache, 64);
  rig_.free(cache, object);
  EXPECT_EQ(rig_.allocate(cache, 64), object);
}

TEST_F(ThreadCacheTest, FreesThatMayNotBeCachedAreGivenBackInBatches) {
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

TEST_F(ThreadCacheTest, TwoThreadsGetNoObjectsInOneCacheLine) {
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

TEST_F(ThreadCacheTest, AThreadKeepsNothingOfAClassItNeverAskedFor) {
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

// One for each malloc that its objects serve, and one for each free.
TEST_F(ThreadCacheTest, ARefillCountsTwoEventsForEachOfItsObjects) {
  ThreadCache* cache = rig_.heap.open_cache();
  make(cache, 1, 64);  // the first events of a heap are acted on at once
  const std::uint32_t before = cache->events;
  make(cache, 2, 64);
  EXPECT_EQ(cache->events, before + 2 * 4);
}

TEST_F(ThreadCacheTest, AFullStackThatMayNotGrowDropsItsOlderHalf) {
  rig_.heap.options.cache_bytes = 4 * 64;
  ThreadCache* cache = rig_.heap.open_cache();
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  const std::vector<void*> all = make(nullptr, 4, 64);
  make(cache, 1, 64);  // another lies on the stack
  free(cache, {all[0], all[1], all[2]});
  ASSERT_EQ(cache->own_stack(c).count(), 4u);
  ASSERT_TRUE(cache->own_stack(c).is_full());
  const std::uint32_t events = cache->events;
  rig_.free(cache, all[3]);
  EXPECT_EQ(cache->own_stack(c).count(), 3u);
  EXPECT_EQ(cache->events, events + 2) << "two went back";
  EXPECT_EQ(rig_.allocate(cache, 64), all[3]);
  EXPECT_EQ(rig_.allocate(cache, 64), all[2]);
  EXPECT_EQ(rig_.allocate(cache, 64), all[1]);
}

}  // namespace
}  // namespace neap
