// What a hardened heap keeps out of reach, how it makes do with few mappings, and that held addresses come back when
// they are needed.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "page_heap_fixture.h"
#include "rig.h"

namespace neap {
namespace {

constexpr std::size_t kOneBlock = 40000, kTwoBlocks = 100000;  // bytes of large objects

class GuardsTest : public RigTest {
 protected:
  GuardsTest() { neap::harden(rig_.heap.options, true); }
  // From now on there are so many mappings before the heap has any.
  void harden_with(std::size_t mappings) {
    rig_.harden();
    rig_.heap.mappings().add(mappings);
  }
  Chunk& chunk(const void* object) { return *rig_.heap.map().chunk(address_of(object)); }
  std::size_t index(const void* object) {
    return chunk(object).index_of(rig_.heap.map().block_fast(address_of(object)));
  }
  bool is_guarded(void* object) {
    const Block& first = rig_.block(object);
    return chunk(object).has_own_guards() && first.large.blocks > blocks_of(first.large.pages * kPageSize);
  }
  std::vector<void*> slabs(std::size_t count) { return make(nullptr, 2 * count, 32000); }  // two objects in each
};

TEST_F(GuardsTest, SoManyHaveOneAndTheNextWhenOneEnds) {
  harden_with(0);
  const std::vector<void*> guarded = make(nullptr, 1500, kOneBlock);
  EXPECT_TRUE(is_guarded(guarded.back()));
  EXPECT_FALSE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  rig_.free(nullptr, guarded[7]);
  rig_.free(nullptr, guarded[8]);  // the end of the memory without guards is a boundary too
  EXPECT_TRUE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  EXPECT_FALSE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  rig_.expect_in_order();
}

TEST_F(GuardsTest, SlabsShareThemWhenThereAreMany) {
  harden_with(2996);
  const std::vector<void*> objects = slabs(50);
  EXPECT_TRUE(chunk(objects[0]).has_own_guards());
  for (void* object : {objects[8], objects[60], objects[99]}) {
    Chunk& its = chunk(object);
    ASSERT_EQ(its.spacing(), 16);
    EXPECT_FALSE(its.is_open(index(object) / 17 * 17));
    EXPECT_FALSE(its.is_open(index(object) / 17 * 17 + 17));
    EXPECT_TRUE(its.is_open(index(object)));
  }
  EXPECT_EQ(rig_.heap.mappings().count(), 2996u + 2 * 2 + 2 * 3) << "two slabs, and three groups";
  free(nullptr, objects);
  rig_.expect_in_order();
}

TEST_F(GuardsTest, SlabsGoOnInGroupsThatAreOpenWhenThereMayBeNoMore) {
  harden_with(3590);
  const std::vector<void*> first = slabs(20);
  ASSERT_EQ(chunk(first[20]).spacing(), 16);
  rig_.heap.mappings().add(500);
  const std::vector<void*> more = slabs(40);
  EXPECT_EQ(chunk(more[0]).spacing(), 16) << "there was a place left";
  EXPECT_EQ(chunk(more[79]).spacing(), kUnguarded);
  rig_.expect_in_order();
}

TEST_F(GuardsTest, WithoutMappingsALargeObjectEndsAsZerosThatNobodyElseGets) {
  harden_with(Mappings::kMost);
  char* const ended = static_cast<char*>(rig_.allocate(nullptr, kTwoBlocks));
  std::memset(ended, 'x', kTwoBlocks);
  rig_.free(nullptr, ended);
  EXPECT_EQ(ended[0], 0);
  ended[kOneBlock] = 'y';  // a write after its free
  std::vector<void*> others = make(nullptr, 5000, kOneBlock);
  for (void* object : others) EXPECT_TRUE(object < ended || object >= ended + kTwoBlocks);
  free(nullptr, others);  // more than may be held, so what ended first is let go
  char* const again = static_cast<char*>(rig_.allocate(nullptr, kTwoBlocks, true));
  EXPECT_EQ(again, ended);
  EXPECT_EQ(again[kOneBlock], 0);
  EXPECT_LE(rig_.heap.mappings().count(), Mappings::kMost + 4) << "where each chunk's committed part ends";
  rig_.expect_in_order();
}

TEST_F(GuardsTest, WithoutMappingsALargeObjectShrinksAndGrows) {
  harden_with(Mappings::kMost);
  char* const object = static_cast<char*>(rig_.allocate(nullptr, kTwoBlocks));
  std::memset(object, 'x', kTwoBlocks);
  ASSERT_EQ(rig_.reallocate(nullptr, object, kOneBlock), object);
  ASSERT_EQ(rig_.reallocate(nullptr, object, kTwoBlocks), object);
  EXPECT_EQ(object[kOneBlock - 1], 'x');
  EXPECT_EQ(object[kTwoBlocks - 1], 0);
  EXPECT_EQ(rig_.heap.mappings().count(), Mappings::kMost + 1);
  rig_.expect_in_order();
}

TEST_F(GuardsTest, TheBlockThatAnObjectShrinksByIsOne) {
  harden_with(0);
  void* const object = rig_.allocate(nullptr, kTwoBlocks);
  const std::size_t before = rig_.heap.mappings().count();
  ASSERT_EQ(rig_.reallocate(nullptr, object, kOneBlock), object);
  EXPECT_TRUE(is_guarded(object));
  EXPECT_EQ(rig_.heap.mappings().count(), before);
}

// The pages that it grew by would be a mapping beside those that were inherited.
TEST_F(GuardsTest, WhatAChildInheritedGrowsElsewhere) {
  harden_with(0);
  void* const object = rig_.allocate(nullptr, kOneBlock);
  rig_.heap.after_fork_in_child(nullptr);
  void* const moved = rig_.reallocate(nullptr, object, kOneBlock + kPageSize);
  EXPECT_NE(moved, object);
  EXPECT_EQ(rig_.reallocate(nullptr, moved, kOneBlock + 2 * kPageSize), moved);
  EXPECT_TRUE(is_guarded(moved));
  rig_.expect_in_order();
}

// An empty slab between guards would be two mappings for ever.
TEST_F(GuardsTest, FreeBlocksAreShutWhenTheirMemoryGoes) {
  harden_with(0);
  free(nullptr, slabs(100));
  rig_.hardened->empty_quarantine("test");
  rig_.heap.release_all();
  EXPECT_LE(rig_.heap.mappings().count(), 2u);
  rig_.expect_in_order();
}

// As the system sees it: runs of pages that can be touched, each between others.
struct Switch {
  const char* name;
  std::uint64_t Options::*on;
};

class MappingsTest : public RigTest, public testing::WithParamInterface<Switch> {
 protected:
  void churn(std::vector<void*>& objects, int steps) {
    for (int i = 0; i < steps; ++i) {
      void*& object = objects[random_() % objects.size()];
      const std::size_t size = random_() % 3 == 0 ? 1 + random_() % 32000 : 33000 + random_() % 250000;
      if (random_() % 16 == 0) {
        object = rig_.reallocate(nullptr, object, size);
      } else {
        rig_.free(nullptr, object);
        object = rig_.allocate(nullptr, size);
      }
      ASSERT_NE(object, nullptr);
    }
  }
  std::mt19937_64 random_{5};
};

INSTANTIATE_TEST_SUITE_P(With, MappingsTest,
                         testing::Values(Switch{"hardened", &Options::hardened},
                                         Switch{"guard_pages", &Options::guard_pages},
                                         Switch{"no_reuse_of_addresses", &Options::no_reuse_of_addresses},
                                         Switch{"zero_on_free", &Options::zero_on_free}),
                         [](const auto& tried) { return std::string(tried.param.name); });

TEST_P(MappingsTest, StayBelowTheirBoundWhateverTheProgramDoes) {
  rig_.heap.options.*GetParam().on = 1;
  if (rig_.heap.options.hardened != 0) neap::harden(rig_.heap.options, true);
  rig_.harden();
  std::vector<void*> objects = make(nullptr, 3000, kOneBlock);
  for (int round = 0; round < 5; ++round) {
    churn(objects, 3000);
    EXPECT_LE(2 * fake_os::committed().size(), Mappings::kMost + 100);
    EXPECT_LE(rig_.heap.mappings().count(), Mappings::kMost + 8);
  }
  free(nullptr, objects);
  EXPECT_LE(2 * fake_os::committed().size(), Mappings::kMost + 100);
}

// What a child inherited is joined with nothing that it opens; nor is what that child's child inherits.
TEST_P(MappingsTest, StayBelowTheirBoundInAChildOfAChild) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer keeps gigabytes for addresses that nobody uses any more";
#endif
  rig_.heap.options.*GetParam().on = 1;
  if (rig_.heap.options.hardened != 0) neap::harden(rig_.heap.options, true);
  rig_.harden();
  std::vector<void*> objects = make(nullptr, 3000, kOneBlock);
  for (int generation = 0; generation < 5; ++generation) {
    churn(objects, 3000);
    for (void*& object : objects) object = rig_.reallocate(nullptr, object, 33000 + random_() % 250000);
    EXPECT_LE(rig_.heap.mappings().count(), Mappings::kMost + 16);
    rig_.heap.after_fork_in_child(nullptr);
  }
  rig_.expect_in_order();
}

// Blocks that nothing can touch, without a heap around them.
class ShutTest : public PageHeapTest {
 protected:
  void harden(bool guards) {
    PageHeap::Hardening what;
    what.guards = guards;
    what.ends = true;
    ASSERT_TRUE(heap_.harden(what));
  }
  // Takes a run of two blocks in front of a block that was a slab, which becomes the guard.
  Block* take_before_dirty_block() {
    const std::vector<Block*> all = slabs(3);  // each with a guard
    for (Block* block : {all[0], all[1]}) heap_.free_block(*block);
    const PageHeap::Run run = heap_.take_run(2, 1, 20);
    EXPECT_EQ(run.first, all[0]);
    EXPECT_EQ(run.first + 2, all[1]);
    EXPECT_EQ(run.first + 4, all[2]);
    heap_.forget_dirty(run, [](char* garbage, std::size_t bytes) { std::memset(garbage, 0, bytes); });
    return run.first;
  }
  Chunk& chunk_of(const Block* block) { return *map_->chunk(address_of(block->address())); }
};

TEST_F(ShutTest, NothingCanTouchAGuardThatWasASlab) {
  harden(true);
  Block* const first = take_before_dirty_block();
  EXPECT_TRUE(is_committed(first[2].address()));
  heap_.guard_run(*first);
  EXPECT_EQ(first->large.blocks, 3u);
  EXPECT_FALSE(is_committed(first[2].address()));
  EXPECT_FALSE(is_committed(first->address() + 20 * kPageSize)) << "behind its end in its last block";
  EXPECT_TRUE(is_committed(first->address() + 20 * kPageSize - 1));
  EXPECT_TRUE(is_committed(first[4].address())) << "the slab that is left";
  expect_in_order();
}

TEST_F(ShutTest, AGuardThatTheSystemRefusesGoesBackAloneAndNoOther) {
  harden(true);
  Block* const first = take_before_dirty_block();
  fake_os::refuse(fake_os::Call::decommit);
  heap_.guard_run(*first);
  const Chunk& chunk = chunk_of(first);
  const std::size_t begin = chunk.index_of(first);
  EXPECT_EQ(first->large.blocks, 2u);
  EXPECT_TRUE(chunk.is_free(begin + 2));
  EXPECT_FALSE(chunk.is_free(begin + 4)) << "the slab that is left";
  EXPECT_FALSE(chunk.is_free(begin + 5)) << "its guard";
  expect_in_order();
}

TEST_F(ShutTest, AGuardedRunGrowsInPlaceAndTakesItsGuardAlong) {
  harden(true);
  Block* const first = take_before_dirty_block();
  heap_.guard_run(*first);
  EXPECT_FALSE(heap_.resize_guarded(*first, 50)) << "a slab is where its guard would be";
  ASSERT_TRUE(heap_.resize_guarded(*first, 40));
  EXPECT_EQ(first->large.blocks, 4u);
  EXPECT_TRUE(is_committed(first->address() + 40 * kPageSize - 1));
  EXPECT_FALSE(is_committed(first->address() + 40 * kPageSize));
  EXPECT_FALSE(is_committed(first[3].address()));
  expect_in_order();
}

TEST_F(ShutTest, UnderALimitOfAddressSpaceAChunkGoesBackWithItsLastRun) {
  harden(false);
  make_slab(0x0001);
  const std::uint64_t before = sums().reserved_bytes.get();
  fake_os::set_address_space_limit(std::size_t{1} << 30);
  Block* const large = run(300 * kMiB / kBlockSize, 17);
  ASSERT_GT(sums().reserved_bytes.get(), before);
  heap_.end_shut_run(*large, false);
  EXPECT_EQ(sums().reserved_bytes.get(), before);
  expect_in_order();
}

TEST(EndedLargeObject, ReadsAsZerosThoughTheSystemTookNothing) {
  Rig rig;
  rig.heap.options.zero_on_free = 1;
  rig.harden();
  char* const object = static_cast<char*>(rig.allocate(nullptr, kTwoBlocks));
  std::memset(object, 'x', kTwoBlocks);
  for (const fake_os::Call call : {fake_os::Call::decommit, fake_os::Call::discard}) fake_os::refuse(call);
  rig.free(nullptr, object);
  EXPECT_EQ(std::count(object, object + kTwoBlocks, 0), static_cast<std::ptrdiff_t>(kTwoBlocks));
}

TEST(HeldAddresses, ComeBackWhenThereAreNoOthers) {
  Rig rig;
  rig.heap.options.no_reuse_of_addresses = 1;
  rig.harden();
  char* const ended = static_cast<char*>(rig.allocate(nullptr, 4 * kMiB));
  rig.free(nullptr, ended);
  EXPECT_NE(rig.allocate(nullptr, 4 * kMiB), ended) << "its addresses are held";
  fake_os::refuse(fake_os::Call::reserve);
  bool came_back = false;
  while (char* const object = static_cast<char*>(rig.allocate(nullptr, kMiB)))
    came_back = came_back || (object >= ended && object < ended + 4 * kMiB);
  EXPECT_TRUE(came_back);
}

}  // namespace
}  // namespace neap
