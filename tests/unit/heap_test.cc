// What the parts of a heap do together: small and large objects in one place, memory that runs out.
#include "heap/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

using HeapTest = KeepingRigTest;

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
  EXPECT_TRUE(rig_.heap.give_to_slab(*cache, block, beside[0], "free"));
  EXPECT_EQ(block.free_count, free + 1);
  EXPECT_FALSE(rig_.heap.give_to_slab(*cache, block, beside[0], "free")) << "it is free";
  EXPECT_EQ(block.free_count, free + 1);
}

// Where the last block ends that has memory, a pointer into its last word begins no object, and is not followed.
TEST_F(HeapTest, APointerAtTheEndOfMemoryIsNotFollowed) {
  rig_.warm_up();
  ThreadCache* cache = rig_.heap.open_cache();
  const auto end_of_memory = [&](void* object) -> char* {
    char* const end = rig_.block(object).address() + kBlockSize;
    const std::vector<fake_os::Range> all = fake_os::committed();
    return std::ranges::any_of(all, [end](const auto& range) { return range.begin + range.size == end; }) ? end
                                                                                                          : nullptr;
  };
  void *first = rig_.allocate(nullptr, 2048), *last = first;
  while (end_of_memory(last) == nullptr) last = rig_.allocate(nullptr, 2048);
  rig_.free(nullptr, first);  // refills come from its slab now
  ASSERT_EQ(rig_.block(last).admission.load(), 0u);
  for (int bytes = 1; bytes < 8; ++bytes)
    EXPECT_FALSE(rig_.heap.give_to_slab(*cache, rig_.block(last), end_of_memory(last) - bytes, "free")) << bytes;
}

// A thread that finds no memory waits for what another has out for release.
TEST_F(HeapTest, MemoryThatIsOutForReleaseIsNotMissing) {
  leave_single_thread();
  void* freed = rig_.allocate(nullptr, 4 * kMiB);
  void* stays = rig_.allocate(nullptr, kBlockSize);  // and with it the chunk
  rig_.free(nullptr, freed);
  fake_os::refuse(Call::commit);
  void* object = nullptr;
  std::atomic<bool> done{false};
  std::thread other;
  fake_os::before_discard([&](char*, std::size_t) {
    fake_os::before_discard(nullptr);
    const std::uint64_t waits = fake_os::waits();
    other = std::thread([&] {
      object = rig_.allocate(nullptr, 4 * kMiB);
      done = true;
    });
    while (!done && fake_os::waits() == waits) std::this_thread::yield();
  });
  rig_.heap.release_all();
  other.join();
  EXPECT_NE(object, nullptr);
  rig_.free(nullptr, stays);
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
}

TEST_F(HeapTest, SlotsAreEventsInSixteens) {
  ASSERT_TRUE(rig_.heap.harden());
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  bool fresh = false;
  for (std::uint64_t taken = 1; taken <= 40; ++taken) {
    rig_.heap.take_slot(c, 0, fresh);
    ASSERT_EQ(rig_.sums().events, (taken + 15) / 16 * 16) << "after " << taken;
  }
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

TEST_F(HeapTest, WithSeveralThreadsASmallObjectWaitsForItsSlabOnce) {
  rig_.warm_up();
  leave_single_thread();
  ThreadCache* cache = rig_.heap.open_cache();
  const std::vector<void*> all = make(nullptr, 4096, 64);
  for (std::size_t i = 1024; i < 1024 + 200; ++i) rig_.free(nullptr, all[i]);  // its slab is now below 7/8
  rig_.free(nullptr, all[0]);                                                  // and not the lowest
  Block& block = rig_.block(all[1300]);
  ASSERT_EQ(block.admission.load(), 0u);
  EXPECT_TRUE(rig_.heap.give_to_slab(*cache, block, all[1300], "free"));
  EXPECT_EQ(cache->stash.count, 1u);
  EXPECT_FALSE(rig_.heap.give_to_slab(*cache, block, all[1300], "free")) << "it waits";
  EXPECT_FALSE(rig_.heap.give_to_slab(*cache, rig_.block(all[1200]), all[1200], "free")) << "it is free";
  EXPECT_EQ(cache->stash.count, 1u);
}

TEST_F(HeapTest, AResizeIsAnEventIfItWorks) {
  void* object = rig_.allocate(nullptr, 100'000);
  const std::uint64_t before = rig_.sums().events;
  object = rig_.reallocate(nullptr, object, 200'000);
  EXPECT_EQ(rig_.sums().events, before + 1);
  fake_os::refuse(Call::reserve);
  fake_os::refuse(Call::commit);
  EXPECT_EQ(rig_.reallocate(nullptr, object, std::size_t{1} << 30), nullptr);
  EXPECT_EQ(rig_.sums().events, before + 1);
}

TEST_F(HeapTest, TheVeryFirstBlockIsFound) {
  void* object = rig_.allocate(nullptr, 100'000);
  ASSERT_EQ(rig_.block(object).rank, 0u);
  std::vector<void*> found;
  rig_.heap.each_large([&](Block& block) { found.push_back(block.address()); });
  EXPECT_EQ(found, std::vector<void*>{object});
}

// Another thread may make a mixed block of a slab while a look waits for the bin's lock.
TEST_F(HeapTest, ABlockThatIsNoSlabAnyMoreIsNotLookedAt) {
  leave_single_thread();
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  Block& block = rig_.block(rig_.heap.allocate_in_slab(nullptr, class_of(64)));
  int looked_at = 0;
  Mutex& lock = rig_.heap.slab_lock(c);
  lock.lock();
  std::thread looker([&] { rig_.heap.each_slab([&](Block&) { ++looked_at; }); });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));  // it waits by now, or finds no slab at all
  block.kind.store(BlockKind::mixed);
  lock.unlock();
  looker.join();
  EXPECT_EQ(looked_at, 0);
  block.kind.store(BlockKind::slab);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
