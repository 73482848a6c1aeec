// What a heap does near a soft limit of memory, and that far from it nothing changes.
#include "limits/limits.h"

#include <gtest/gtest.h>

#include <vector>

#include "rig.h"

namespace neap {
namespace {

// Limits without a heap around them: they need no more than a page heap's sums.
class LimitsTest : public testing::Test {
 protected:
  LimitsTest() { options_.dirty_percent = 0; }

  Rig system_;  // the fake one, as it was
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap pages_{*map_};
  Options options_;
  Limits limits_{options_, pages_};
};

TEST_F(LimitsTest, TheDirtyLimitIsAFloorAndAShareOfWhatIsResident) {
  options_.dirty_floor = 40 * kPageSize;
  pages_.accounts().resident_pages.add(1000);
  EXPECT_EQ(limits_.dirty_limit(), 40u);
  options_.dirty_percent = 5;
  EXPECT_EQ(limits_.dirty_limit(), 90u);
  EXPECT_EQ(limits_.decay(), options_.decay_events);
}

TEST_F(LimitsTest, NearASoftLimitAQuarterOfWhatIsLeftMayStay) {
  options_.dirty_floor = std::uint64_t{1} << 30;
  options_.soft_limit = 1000 * kPageSize;
  pages_.accounts().resident_pages.add(900);
  limits_.look();
  EXPECT_TRUE(limits_.is_near());
  EXPECT_FALSE(limits_.is_met());
  EXPECT_EQ(limits_.dirty_limit(), 25u);
  pages_.accounts().resident_pages.add(100);
  EXPECT_TRUE(limits_.is_met());
  EXPECT_EQ(limits_.dirty_limit(), 0u);
}

TEST_F(LimitsTest, WithoutASoftLimitNothingIsEverNear) {
  limits_.look();
  pages_.accounts().resident_pages.add(std::uint64_t{1} << 40);
  EXPECT_FALSE(limits_.is_near());
  EXPECT_FALSE(limits_.wants_look(std::uint64_t{1} << 40));
  EXPECT_FALSE(limits_.is_look_due());
}

// Free pages are counted first, and others return some of them before the heap is judged.
TEST_F(LimitsTest, WhatOthersReturnedMeanwhileDoesNotMakeAHeapEndless) {
  fake_os::set_time(1000 * kMillisecond);
  pages_.accounts().resident_pages.add(100);
  pages_.accounts().marked_pages.add(120);
  limits_.judge_returns();
  EXPECT_TRUE(pages_.is_in_reach(500));
  EXPECT_FALSE(pages_.is_in_reach(5000));
}

class LimitedHeapTest : public RigTest {
 protected:
  void keep_all_but_for_the_limit() {
    rig_.heap.options.decay_events = std::uint64_t{1} << 40;
    rig_.keep_dirty_pages();
  }
  // The heap's own limit.
  void limit_heap(std::uint64_t bytes) {
    rig_.heap.options.soft_limit = bytes;
    rig_.heap.look_at_limit();
  }
  void limit_group(std::uint64_t limit, std::uint64_t used) {
    rig_.heap.options.soft_limit = kByControlGroup;
    fake_os::set_group_memory(limit, used);
    rig_.heap.look_at_limit();
  }
  std::uint64_t resident() { return rig_.sums().resident_bytes; }
  std::uint64_t dirty() { return rig_.sums().dirty_bytes; }
  // Makes so many events; the heap needs some to release what is due.
  void go_on(ThreadCache* cache, int events = 3000) {
    for (int i = 0; i < events; ++i) {
      void* const pair[] = {rig_.allocate(cache, 20000), rig_.allocate(cache, 30000)};
      for (void* object : pair) rig_.free(cache, object);
    }
  }
  // Fills 40 MiB and frees half of it. Returns the other half.
  std::vector<void*> fill_and_thin(ThreadCache* cache) {
    const std::vector<void*> gone = make(cache, 20000, 1000), kept = make(cache, 20000, 1000);
    free(cache, gone);
    return kept;
  }
};

TEST_F(LimitedHeapTest, FarFromItNothingChanges) {
  ThreadCache* cache = rig_.heap.open_cache();
  rig_.heap.options.decay_events = std::uint64_t{1} << 40;
  const std::vector<void*> without = fill_and_thin(cache);
  go_on(cache);
  const std::uint64_t usual = dirty();
  EXPECT_GT(usual, kMiB);
  free(cache, without);
  rig_.heap.release_all();
  limit_heap(std::uint64_t{10} << 30);
  const std::vector<void*> with = fill_and_thin(cache);
  go_on(cache);
  EXPECT_NEAR(static_cast<double>(dirty()), static_cast<double>(usual), 0.1 * kMiB);
  free(cache, with);
  rig_.expect_in_order();
}

TEST_F(LimitedHeapTest, FreePagesAreKeptUpToAQuarterOfWhatIsLeft) {
  ThreadCache* cache = rig_.heap.open_cache();
  keep_all_but_for_the_limit();
  const std::vector<void*> kept = fill_and_thin(cache);
  go_on(cache);
  EXPECT_GT(dirty(), 15 * kMiB);
  limit_heap(resident() + 4 * kMiB);
  fake_os::set_time(1000 * kMillisecond);
  go_on(cache);
  // The margin grows with what goes: d = (4 MiB + 20 MiB - d) / 4.
  EXPECT_LE(dirty(), 6 * kMiB);
  limit_heap(20 * kMiB);
  fake_os::set_time(2000 * kMillisecond);
  go_on(cache);
  EXPECT_LE(dirty(), kBlockSize);
  free(cache, kept);
  rig_.expect_in_order();
}

TEST_F(LimitedHeapTest, WhatOthersOfTheGroupTakeIsSeenWithTime) {
  ThreadCache* cache = rig_.heap.open_cache();
  keep_all_but_for_the_limit();
  limit_group(256 * kMiB, 10 * kMiB);
  const std::vector<void*> kept = fill_and_thin(cache);
  go_on(cache, 30000);  // until the cache has shed what it does not need
  const std::uint64_t before = dirty();
  EXPECT_GT(before, 15 * kMiB);
  fake_os::set_group_memory(256 * kMiB, 256 * kMiB);
  go_on(cache, 1000);
  EXPECT_EQ(dirty(), before) << "no time has passed";
  fake_os::set_time(250 * kMillisecond);
  go_on(cache);
  EXPECT_LE(dirty(), before / 4);
  free(cache, kept);
  rig_.expect_in_order();
}

TEST_F(LimitedHeapTest, SmallObjectsDoNotLookBeforeTheHeapHasGrown) {
  keep_all_but_for_the_limit();
  limit_group(256 * kMiB, 10 * kMiB);
  free(nullptr, make(nullptr, 1000, 1000));
  const std::uint64_t before = dirty();
  ASSERT_GT(before, 0u);
  fake_os::set_group_memory(256 * kMiB, 256 * kMiB);
  make(nullptr, 1, 500);
  EXPECT_GE(dirty() + kPageSize, before) << "but for the page that the object lies on";
}

TEST_F(LimitedHeapTest, InsideASandboxTheLastLookStands) {
  ThreadCache* cache = rig_.heap.open_cache();
  limit_group(64 * kMiB, 4 * kMiB);
  fake_os::forbid_group_memory();
  fake_os::set_time(1000 * kMillisecond);
  const std::vector<void*> kept = make(cache, 60000, 1000);
  free(cache, make(cache, 3000, 1000));
  go_on(cache);
  EXPECT_LE(dirty(), 512u << 10);
  free(cache, kept);
  rig_.expect_in_order();
}

TEST_F(LimitedHeapTest, NearItNoHugePagesAreLaid) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::size_t size = 8 * kMiB;
  const auto use = [&] {
    void* object = rig_.allocate(cache, size);
    std::memset(object, 1, size);
    rig_.free(cache, object);
  };
  for (int i = 0; i < 3; ++i) use();
  const std::size_t before = fake_os::huge_ranges().size();
  limit_heap(9 * kMiB);
  void* const most = rig_.allocate(cache, 8 * kMiB);
  const std::size_t far = fake_os::huge_ranges().size();
  for (int i = 0; i < 3; ++i) use();
  EXPECT_EQ(fake_os::huge_ranges().size(), far);
  rig_.free(cache, most);
  limit_heap(1000 * kMiB);
  for (int i = 0; i < 2; ++i) use();
  EXPECT_GT(fake_os::huge_ranges().size(), before);
  rig_.expect_in_order();
}

// A slab that is three quarters full is not sparse, and serves its own class alone. At the limit it serves any class.
TEST_F(LimitedHeapTest, AtItHolesServeBeforeBlocks) {
  const auto grown_by = [&](bool limited) {
    Rig rig;
    rig.heap.options.dirty_floor = 0;
    ThreadCache* cache = rig.heap.open_cache();
    std::vector<void*> objects;
    for (int i = 0; i < 40000; ++i) objects.push_back(rig.allocate(cache, 512));
    for (std::size_t i = 0; i < objects.size(); i += 4) rig.free(cache, objects[i]);
    rig.heap.flush(*cache);
    rig.heap.release_all();
    const std::uint64_t before = rig.sums().resident_bytes;
    if (limited) {
      rig.heap.options.soft_limit = before;
      rig.heap.look_at_limit();
    }
    for (int i = 0; i < 40000; ++i) rig.allocate(cache, 64);
    const std::uint64_t grown = rig.sums().resident_bytes - before;
    rig.expect_in_order();
    return grown;
  };
  EXPECT_GT(grown_by(false), 2 * kMiB);
  EXPECT_LT(grown_by(true), kMiB / 2);
}

TEST_F(LimitedHeapTest, NearItCachesDoNotGrowWithTheHeap) {
  ThreadCache* cache = rig_.heap.open_cache();
  std::vector<void*> all;
  for (std::size_t size = 64; size <= 4096; size += 64) {
    const std::vector<void*> some = make(cache, 400, size);
    all.insert(all.end(), some.begin(), some.end());
  }
  const std::int64_t usual = static_cast<std::int64_t>(rig_.heap.options.cache_bytes);
  EXPECT_GT(cache->own.granted, 3 * usual);
  limit_heap(resident());
  go_on(cache);
  EXPECT_LE(cache->own.granted, 2 * usual);
  free(cache, all);
  rig_.expect_in_order();
}

TEST_F(LimitedHeapTest, NearItTheMemoryOfUnusedBitmapsGoesBack) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(cache, 1'000'000, 16);
  const std::vector<void*> first(all.begin(), all.begin() + 100'000), rest(all.begin() + 100'000, all.end());
  free(cache, rest);
  rig_.heap.flush(*cache);
  rig_.heap.release_all();
  const auto discarded_metadata = [&] {
    std::uint64_t bytes = 0;
    for (const fake_os::Range& range : fake_os::discards()) {
      const Chunk* chunk = rig_.heap.map().chunk(address_of(range.begin));
      const Block* block = rig_.heap.map().block_fast(address_of(range.begin));
      if (chunk == nullptr || chunk->index_of(block) >= chunk->size()) bytes += range.size;
    }
    return bytes;
  };
  EXPECT_EQ(discarded_metadata(), 0u);
  limit_heap(resident());
  fake_os::set_time(1000 * kMillisecond);
  go_on(cache);
  EXPECT_GT(discarded_metadata(), 50u << 10) << "of 230 slabs with 512 bytes each";
  free(cache, first);
  free(cache, make(cache, 1'000'000, 16));
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
