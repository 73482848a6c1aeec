// When free pages go back, and what a system that refuses them costs.
#include "release/release.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

using ReleaseTest = KeepingRigTest;

TEST_F(ReleaseTest, FreePagesStayUntilTheyAreOldEnough) {
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

TEST_F(ReleaseTest, FreePagesAboveTheLimitGoAtOnce) {
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

// A discard takes microseconds, and interrupts other threads. So a call makes only one, and the next calls go on.
TEST_F(ReleaseTest, ACallMakesOneDiscard) {
  const std::vector<void*> all = make(nullptr, 12, 10 * kPageSize);
  const std::vector<void*> small = make(nullptr, 12, 100);
  for (std::size_t i = 0; i < all.size(); i += 2) rig_.free(nullptr, all[i]);  // no two are neighbours
  rig_.keep_no_dirty_pages();
  for (std::size_t i = 0; i < small.size() / 2; ++i) {
    EXPECT_EQ(fake_os::discards().size(), i);
    rig_.free(nullptr, small[i]);
  }
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

// The slack of a process's first moments ends by itself, also where no look for old pages is due.
TEST_F(ReleaseTest, ABurstAfterTheFirstMomentsMeetsTheUsualLimit) {
  rig_.heap.options.dirty_floor = 128 * kPageSize;
  fake_os::set_time(kMillisecond);
  rig_.heap.begin();
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  const std::vector<void*> all = make(nullptr, 60, 16 * kPageSize);
  fake_os::set_time(100 * kMillisecond);
  free(nullptr, all);
  EXPECT_LE(rig_.sums().dirty_bytes, 200 * kPageSize) << "of 960";
  rig_.expect_in_order();
}

// A steady heap that was hot has much slack, and no judgement follows the frees that end its load.
TEST_F(ReleaseTest, ASteadyHeapThatHasFallenMeetsTheUsualLimit) {
  for (const std::size_t left : {8u, 3u, 0u}) {
    Rig rig;
    std::vector<void*> blocks(16);
    std::mt19937 random(1);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      fake_os::set_time((1000 + i) * kMillisecond);
      void*& block = blocks[random() % 16];
      if (block != nullptr) rig.free(nullptr, block);
      block = rig.allocate(nullptr, 64 * 1024 + random() % (4 * kMiB));
    }
    for (std::size_t i = left; i < 16; ++i) rig.free(nullptr, blocks[i]);
    const neap_telemetry sums = rig.sums();
    const std::uint64_t in_use = sums.resident_bytes - sums.dirty_bytes;
    EXPECT_LE(sums.dirty_bytes, in_use / 5 + 21 * kMiB / 4) << left << " blocks are left";
    rig.expect_in_order();
  }
}

TEST_F(ReleaseTest, WhatIsAboveTheLimitGoesHoweverYoungItIs) {
  ThreadCache* cache = rig_.heap.open_cache();
  free(cache, make(cache, 1000, 1000));
  rig_.heap.flush(*cache);
  ASSERT_GT(rig_.sums().dirty_bytes, 0u);
  rig_.keep_no_dirty_pages();
  for (int i = 0; i < 1000 && rig_.sums().dirty_bytes != 0; ++i) rig_.heap.release_due();
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
}

TEST_F(ReleaseTest, TheBoardTellsAtOnceWhatWentBack) {
  rig_.free(nullptr, rig_.allocate(nullptr, 50000));
  ASSERT_GT(rig_.sums().dirty_bytes, 0u);
  rig_.keep_no_dirty_pages();
  rig_.heap.release_due();
  EXPECT_EQ(rig_.board.dirty_bytes, 0u);
}

// The whole board costs a look at every bin, which pages above the limit are no reason for.
TEST_F(ReleaseTest, TheWholeBoardIsBroughtUpToDateNowAndThen) {
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  rig_.keep_no_dirty_pages();
  fake_os::refuse(Call::discard);
  rig_.heap.release_due();
  const std::uint64_t before = rig_.sums().events;
  for (int i = 0; i < 100; ++i) rig_.heap.count_given(0, 1);
  EXPECT_EQ(rig_.board.events, before);
  for (std::uint32_t i = 0; i < kPublishStep; ++i) rig_.heap.count_given(0, 1);
  EXPECT_GT(rig_.board.events, before + 100);
}

// A look at the queue that finds nothing old is not repeated at the next event.
TEST_F(ReleaseTest, OldPagesAreLookedForNowAndThen) {
  rig_.heap.options.decay_events = 1'000'000;
  rig_.heap.options.dirty_percent = 0;
  rig_.allocate(nullptr, 100);  // so that its slab stays
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  rig_.heap.options.dirty_floor = rig_.sums().dirty_bytes;  // as many as may stay, and no more
  const auto pass = [this](int events) {
    for (int i = 0; i < events; i += 2) rig_.free(nullptr, rig_.allocate(nullptr, 100));
  };
  pass(10);
  rig_.heap.options.decay_events = 1;
  pass(900);
  EXPECT_EQ(rig_.sums().returned_bytes, 0u);
  pass(200);
  EXPECT_GT(rig_.sums().returned_bytes, 0u);
}

TEST_F(ReleaseTest, OnePageAboveTheLimitIsTooManyAlsoBeforeTheNextLook) {
  rig_.heap.options.decay_events = 1'000'000;
  rig_.heap.options.dirty_percent = 0;
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  rig_.heap.release_due();  // a look that finds nothing old
  rig_.heap.options.dirty_floor = rig_.sums().dirty_bytes - kPageSize;
  rig_.heap.release_due();
  EXPECT_GT(rig_.sums().returned_bytes, 0u);
}

// One event can be a batch of frees that leaves dirty pages in many blocks. Far above the limit a call makes several.
TEST_F(ReleaseTest, FreesDoNotOutrunTheRelease) {
  const std::vector<void*> all = make(nullptr, 400, 10 * kPageSize);
  for (std::size_t i = 0; i < all.size(); i += 2) rig_.free(nullptr, all[i]);
  rig_.keep_no_dirty_pages();
  for (int i = 0; i < 30; ++i) rig_.heap.release_due();
  EXPECT_LE(rig_.sums().dirty_bytes, 64 * kPageSize);
  rig_.expect_in_order();
}

// Pages whose discard was refused are due again. While the system goes on to refuse, it is asked more and more rarely.
TEST_F(ReleaseTest, WhatTheSystemRefusedIsReturnedLater) {
  rig_.keep_no_dirty_pages();
  const std::vector<void*> all = make(nullptr, 100, 10 * kPageSize);
  const std::vector<void*> small = make(nullptr, 4000, 100);
  fake_os::refuse(Call::discard);
  free(nullptr, all);
  for (std::size_t i = 0; i < small.size(); i += 2) rig_.free(nullptr, small[i]);
  const std::uint64_t before = fake_os::calls(Call::discard);
  for (std::size_t i = 1; i < small.size(); i += 2) rig_.free(nullptr, small[i]);
  EXPECT_LE(fake_os::calls(Call::discard) - before, 2u);
  EXPECT_GE(rig_.sums().dirty_bytes, 1000 * kPageSize);
  rig_.expect_in_order();
  fake_os::allow(Call::discard);
  for (int i = 0; i < 30000; ++i) rig_.free(nullptr, rig_.allocate(nullptr, 100));
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(ReleaseTest, ReleaseAllReturnsEveryFreePage) {
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

TEST_F(ReleaseTest, ReleaseAllEndsThoughTheSystemRefuses) {
  free(nullptr, make(nullptr, 20, 10 * kPageSize));
  const std::uint64_t blocks = rig_.sums().committed_bytes / kBlockSize;
  fake_os::refuse(Call::discard, 0, 100 * blocks);  // and not for ever, so that the test ends
  EXPECT_EQ(rig_.heap.release_all(), 0u);
  EXPECT_LE(fake_os::calls(Call::discard), blocks);
  rig_.expect_in_order();
}

// A system that never takes pages back costs memory, not time or soundness.
TEST_F(ReleaseTest, ASystemThatRefusesEveryDiscard) {
  rig_.keep_no_dirty_pages();
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

}  // namespace
}  // namespace neap
