// Dirty pages: when they are due, and what becomes of them.
#include "page_heap_fixture.h"

namespace neap {
namespace {

using fake_os::Call;

TEST_F(PageHeapTest, AFreedSlabsResidentPagesAreDirty) {
  Block* block = make_slab(0x8005);
  heap_.free_block(*block);
  EXPECT_EQ(heap_.dirty_pages(), 3u);
  EXPECT_EQ(block->kind.load(), BlockKind::free);
}

TEST_F(PageHeapTest, DirtyBlocksAreDueInTheOrderTheyFell) {
  const std::vector<Block*> all = slabs(6);
  for (const std::size_t i : {4u, 0u, 2u}) heap_.free_block(*all[i]);
  EXPECT_EQ(release(0), (std::vector<Block*>{all[4], all[0], all[2]}));
  EXPECT_EQ(sums().resident_pages.get(), 3u);
  EXPECT_EQ(heap_.dirty_pages(), 0u);
  EXPECT_EQ(sums().returned_pages.get(), 3u);
}

TEST_F(PageHeapTest, OnlyWhatIsOldEnoughIsDue) {
  const std::vector<Block*> all = slabs(6);
  heap_.free_block(*all[0]);
  heap_.advance(100);
  heap_.free_block(*all[2]);
  heap_.advance(50);
  EXPECT_TRUE(release(151).empty());
  EXPECT_EQ(release(150), (std::vector<Block*>{all[0]}));
  EXPECT_TRUE(release(51).empty());
  EXPECT_EQ(release(50), (std::vector<Block*>{all[2]}));
}

TEST_F(PageHeapTest, NeighboursGoInOneCall) {
  const std::vector<Block*> all = slabs(6);
  for (const std::size_t i : {2u, 1u, 3u, 5u}) heap_.free_block(*all[i]);
  EXPECT_EQ(release(0), (std::vector<Block*>{all[1], all[5]}));
  ASSERT_EQ(fake_os::discards().size(), 2u);
  EXPECT_EQ(fake_os::discards()[0].begin, all[1]->address());
  EXPECT_EQ(fake_os::discards()[0].size, 3 * kBlockSize);
}

TEST_F(PageHeapTest, ABlockInUseAgainIsNotDue) {
  Block* block = make_slab(3);
  heap_.free_block(*block);
  ASSERT_EQ(run(1, 2), block);
  EXPECT_TRUE(release(0).empty());
  EXPECT_EQ(fake_os::calls(Call::discard), 0u);
  expect_in_order();
}

TEST_F(PageHeapTest, AllBlocksOfARunAreAsOldAsItsEnd) {
  heap_.advance(1000);
  Block* const first = run(3, 48);
  heap_.free_run(*first, Left::all);
  EXPECT_TRUE(release(500).empty());
  heap_.advance(500);
  EXPECT_EQ(release(500), (std::vector<Block*>{first}));
}

TEST_F(PageHeapTest, ASlabThatIsDueIsOneBlock) {
  heap_.mark_dirty(*make_slab(0x0003), 0x0001);
  const Due due = heap_.pop_due(0);
  EXPECT_EQ(due.what, Due::What::slab);
  EXPECT_EQ(due.blocks, 1u);
  heap_.end_look();
}

TEST_F(PageHeapTest, TheClockOfReturnsIsNeverZeroAndBelievedUpToHalfItsRange) {
  EXPECT_EQ(heap_.return_clock(), 1);
  sums().returned_pages.add(64);
  EXPECT_EQ(heap_.return_clock(), 2);
  sums().returned_pages.add(std::uint64_t{64} * 65534);
  EXPECT_EQ(heap_.return_clock(), 1) << "and not 65,536";
  heap_.set_reach(UINT64_MAX);
  for (const std::uint64_t steps : {std::uint64_t{32767}, std::uint64_t{32768}}) {
    const std::uint16_t before = heap_.return_clock();
    sums().returned_pages.add(64 * steps);
    EXPECT_EQ(heap_.is_missed(before), steps == 32767);
  }
}

// A run of 4 blocks is released, then another run of `between` pages. When the first comes back, its pages count as
// missed if a limit higher by 256 pages would have kept them.
class MissedTest : public PageHeapTest {
 protected:
  std::uint64_t missed_after(std::size_t between) {
    heap_.set_reach(256);
    Block* first = run(4, 50);
    Block* other = run(blocks_of(between * kPageSize), between);
    heap_.free_run(*first, Left::all);
    release(0);
    heap_.free_run(*other, Left::all);
    release(0);
    EXPECT_EQ(sums().missed_pages.get(), 0u);
    EXPECT_EQ(run(4, 50), first);
    return sums().missed_pages.get();
  }
};

TEST_F(MissedTest, WhatComesBackSoonIsMissed) { EXPECT_EQ(missed_after(128), 50u); }
TEST_F(MissedTest, WhatComesBackLateIsNot) { EXPECT_EQ(missed_after(512), 0u); }

TEST_F(MissedTest, NorIsWhatHoldsMoreThanCouldBeKept) {
  heap_.set_reach(256);
  Block* first = run(32, 500);
  heap_.free_run(*first, Left::all);
  release(0);
  EXPECT_EQ(run(32, 500), first);
  EXPECT_EQ(sums().missed_pages.get(), 0u);
}

TEST_F(MissedTest, PagesInsideOfSlabsAreMissedToo) {
  heap_.set_reach(256);
  Block* block = make_slab(0x0003);
  heap_.mark_dirty(*block, 0x0001);
  Aside aside{block, heap_.claim_dirty(*block)};
  heap_.discard({&aside, 1});
  heap_.end_discard(aside);
  Touched touched;
  touch(*block, 0x0001, touched);
  heap_.account(touched);
  EXPECT_EQ(sums().missed_pages.get(), 1u);
}

// A run is discarded without the lock. Meanwhile nobody may get its blocks.
TEST_F(PageHeapTest, WhatIsBeingDiscardedIsNobodys) {
  Block* block = make_slab(3);
  heap_.free_block(*block);
  const Due due = heap_.pop_due(0);
  ASSERT_EQ(due.what, Due::What::free_run);
  EXPECT_NE(make_slab(1), block);
  heap_.end_free_run(due, os::discard(block->address(), kBlockSize) ? Left::nothing : Left::all);
  EXPECT_NE(make_slab(1), block + 1);
  EXPECT_EQ(block->kind.load(), BlockKind::slab);
}

TEST_F(PageHeapTest, ADiscardThatFailedLeavesEveryPageDirty) {
  Block* block = make_slab(3);
  heap_.free_block(*block);
  heap_.end_free_run(heap_.pop_due(0), Left::all);
  EXPECT_EQ(heap_.dirty_pages(), kPagesPerBlock);
  EXPECT_EQ(sums().returned_pages.get(), 0u);
  const PageHeap::Run run = heap_.take_run(1, 1, kPagesPerBlock);
  ASSERT_EQ(run.first, block);
  std::size_t dirty = 0;
  heap_.forget_dirty(run, [&](char*, std::size_t bytes) { dirty += bytes; });
  EXPECT_EQ(dirty, kBlockSize);
}

}  // namespace
}  // namespace neap
