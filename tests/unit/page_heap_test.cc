#include "pages/page_heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "fake_os.h"
#include "ledger.h"
#include "os/os.h"
#include "slabs/slab.h"

namespace neap {
namespace {

using fake_os::Call;
constexpr std::size_t kMiB = std::size_t{1} << 20;

class PageHeapTest : public testing::Test {
 protected:
  PageHeapTest() { fake_os::reset(); }
  ~PageHeapTest() override { fake_os::reset(); }

  Accounts& sums() { return heap_.accounts(); }

  // A slab that has written to the pages of `resident`.
  Block* make_slab(PageMask resident) {
    Block* block = heap_.take_slab(5, kClasses[5].capacity);
    slab::init(*block, kClasses[5]);
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      if ((resident >> page) & 1) block->address()[page * kPageSize] = 'x';
    }
    const PageMask fresh = static_cast<PageMask>(resident & ~block->resident);
    sums().resident_pages.add(static_cast<std::uint64_t>(std::popcount(fresh)));
    sums().marked_pages.subtract(
        static_cast<std::uint64_t>(std::popcount(static_cast<PageMask>(resident & block->dirty))));
    block->resident |= resident;
    block->dirty = static_cast<PageMask>(block->dirty & ~resident);
    return block;
  }
  std::vector<Block*> slabs(std::size_t count) {
    std::vector<Block*> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(make_slab(0x0001));
    return all;
  }
  Block* run(std::size_t blocks, std::size_t pages) {
    const PageHeap::Run run = heap_.take_run(blocks, 1, pages);
    if (run.first == nullptr) return nullptr;
    heap_.forget_dirty(run, [](char* garbage, std::size_t bytes) { std::memset(garbage, 0, bytes); });
    std::memset(run.first->address(), 'r', pages * kPageSize);
    return run.first;
  }
  // Ends a large object as the heap does.
  void end(Block& first) {
    if (!heap_.keep_spare(first)) heap_.free_run(first, Left::all);
  }
  // Discards what is due, as the release policy does; the blocks it began with.
  std::vector<Block*> release(std::uint64_t older_than) {
    std::vector<Block*> begun;
    for (;;) {
      const Due due = heap_.pop_due(older_than);
      if (due.what == Due::What::nothing) return begun;
      begun.push_back(due.block);
      if (due.what != Due::What::free_run) continue;
      heap_.end_free_run(due, os::discard(due.block->address(), due.blocks * kBlockSize) ? Left::nothing : Left::all);
    }
  }
  void expect_in_order() {
    const Ledger truth = recount(*map_);
    EXPECT_EQ(truth.fault, "");
    EXPECT_EQ(sums().resident_pages.get(), truth.resident_pages);
    EXPECT_EQ(heap_.dirty_pages(), truth.dirty_pages);
    EXPECT_EQ(heap_.large_pages(), truth.large_pages);
    EXPECT_EQ(heap_.large_objects(), truth.large_objects);
  }

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap heap_{*map_};
};

TEST_F(PageHeapTest, BlocksComeLowestFirst) {
  const std::vector<Block*> all = slabs(8);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i], all[0] + i);
  heap_.free_block(*all[6]);
  heap_.free_block(*all[2]);
  EXPECT_EQ(make_slab(1), all[2]);
  EXPECT_EQ(make_slab(1), all[6]);
}

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

// While the run is discarded without the lock, nobody may get its blocks.
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

TEST_F(PageHeapTest, ARunTellsItsDirtyPagesOnceLowestFirst) {
  const std::vector<Block*> all = slabs(3);
  heap_.free_block(*all[0]);
  all[1]->resident = 0x8001;
  sums().resident_pages.add(1);
  heap_.free_block(*all[1]);
  const PageHeap::Run run = heap_.take_run(2, 1, 20);
  ASSERT_EQ(run.first, all[0]);
  using Piece = std::pair<std::ptrdiff_t, std::size_t>;
  std::vector<Piece> pieces;
  const auto note = [&](char* begin, std::size_t bytes) { pieces.emplace_back(begin - run.first->address(), bytes); };
  heap_.forget_dirty(run, note);
  heap_.forget_dirty(run, note);
  EXPECT_EQ(pieces, (std::vector<Piece>{{0, kPageSize}, {kBlockSize, kPageSize}, {31 * kPageSize, kPageSize}}));
}

// Memory that is there already is used before any other, and slabs go to the lowest block all the same.
TEST_F(PageHeapTest, ARunBeginsAtADirtyBlockWhereOneHasRoom) {
  Block* const low = run(3, 48);
  run(1, 16);
  Block* const narrow = run(1, 16);
  run(1, 16);
  Block* const high = run(3, 40);
  run(1, 16);
  for (Block* first : {low, narrow, high}) {
    heap_.free_run(*first, Left::all);
    if (first == low) release(0);
  }
  EXPECT_EQ(run(2, 30), high);
  EXPECT_EQ(run(1, 16), narrow);
  EXPECT_EQ(make_slab(0x0001), low);
  EXPECT_EQ(run(2, 20), low + 1) << "the dirty block that is left has no second one";
  expect_in_order();
  EXPECT_EQ(heap_.dirty_pages(), 8u);
  release(0);
  EXPECT_EQ(run(1, 1), high + 2) << "the lowest free block";
  os::discard(low[1].address(), 20 * kPageSize);
  heap_.free_run(low[1], Left::nothing);
  heap_.free_run(*narrow, Left::all);
  EXPECT_EQ(run(1, 16), narrow) << "dirty since the last search, which found none";
  expect_in_order();
}

TEST_F(PageHeapTest, RunsCountExactlyTheirPages) {
  Block* first = run(3, 33);
  EXPECT_EQ(heap_.large_pages(), 33u);
  EXPECT_EQ(sums().resident_pages.get(), 33u);
  expect_in_order();
  heap_.free_run(*first, Left::all);
  EXPECT_EQ(heap_.dirty_pages(), 33u);
  expect_in_order();
  first = run(3, 48);
  os::discard(first->address(), 48 * kPageSize);
  heap_.free_run(*first, Left::nothing);
  EXPECT_EQ(sums().resident_pages.get(), 0u);
  expect_in_order();
}

TEST_F(PageHeapTest, GrowsInPlaceUntilANeighbourIsInTheWay) {
  Block* first = run(1, 10);
  PageMask stale = 0;
  EXPECT_TRUE(heap_.resize(*first, 16, stale));
  EXPECT_TRUE(heap_.resize(*first, 40, stale));
  EXPECT_EQ(first->large.blocks, 3u);
  Block* next = make_slab(1);
  EXPECT_EQ(next, first + 3);
  EXPECT_TRUE(heap_.resize(*first, 48, stale));
  EXPECT_FALSE(heap_.resize(*first, 49, stale));
  EXPECT_EQ(first->large.pages, 48u);
  EXPECT_EQ(stale, 0);
  expect_in_order();
}

TEST_F(PageHeapTest, ShrinkingGivesBlocksAndHeadroomBack) {
  Block* first = run(8, 40);
  os::discard(first->address() + 20 * kPageSize, 20 * kPageSize);
  PageMask stale = 0;
  ASSERT_TRUE(heap_.resize(*first, 20, stale));
  EXPECT_EQ(make_slab(1), first + 2);
  expect_in_order();
}

TEST_F(PageHeapTest, ARefusedCommitUndoesTheGrowth) {
  Block* first = run(1, 16);
  PageMask stale = 0;
  fake_os::refuse(Call::commit);
  EXPECT_FALSE(heap_.resize(*first, 100 * kPagesPerBlock, stale));
  fake_os::allow(Call::commit);
  EXPECT_EQ(first->large.blocks, 1u);
  EXPECT_EQ(make_slab(1), first + 1);
  expect_in_order();
}

// What is committed already is found behind a chunk that the system lets grow no more.
TEST_F(PageHeapTest, ARefusedCommitDoesNotEndTheSearch) {
  constexpr std::size_t kChunk = 64 * kMiB / kBlockSize, kWant = 16;
  Block* most = run(kChunk, 1);  // the whole first chunk, of which little is committed
  Block* second = run(kWant, kWant * kPagesPerBlock);
  heap_.free_run(*most, Left::all);
  heap_.free_run(*second, Left::all);
  fake_os::refuse(Call::commit);
  EXPECT_EQ(run(kWant, kWant * kPagesPerBlock), second);
  EXPECT_EQ(heap_.take_run(2 * kWant, 1, 2 * kWant * kPagesPerBlock).first, nullptr);
  fake_os::allow(Call::commit);
  expect_in_order();
}

TEST_F(PageHeapTest, OutOfMemoryIsNullUntilThereIsSome) {
  fake_os::refuse(Call::reserve);
  EXPECT_EQ(heap_.take_slab(1, kMostObjects), nullptr);
  EXPECT_EQ(heap_.take_run(1, 1, 1).first, nullptr);
  fake_os::allow(Call::reserve);
  EXPECT_NE(heap_.take_slab(1, kMostObjects), nullptr);
}

TEST_F(PageHeapTest, UnderALimitAChunkTakesASmallPartOfIt) {
  fake_os::set_address_space_limit(256 * kMiB);
  ASSERT_NE(run(1, 1), nullptr);
  EXPECT_LE(sums().reserved_bytes.get(), 32 * kMiB);
  ASSERT_NE(run(32 * kMiB / kBlockSize, 1), nullptr);
  expect_in_order();
}

// A chunk given back leaves blocks behind that the dirty queue knew, and a place where the next chunk may come to lie.
TEST_F(PageHeapTest, AChunkGivenBackLeavesNothingInTheQueue) {
  std::vector<Block*> freed;
  for (int i = 0; i < 40; ++i) freed.push_back(make_slab(0x0101));
  for (std::size_t i = 0; i < freed.size(); i += 2) heap_.free_block(*freed[i]);  // queued, and not neighbours
  for (std::size_t i = 1; i < freed.size(); i += 2) heap_.free_block(*freed[i]);
  ASSERT_EQ(fake_os::reservations().size(), 4u) << "the page map, a chunk, its header, its descriptors";
  fake_os::refuse(Call::reserve, 0, 1);  // what a limit answers to the first try
  Block* large = run(100 * kMiB / kBlockSize, 17);
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(heap_.dirty_pages(), 0u);
  expect_in_order();
  heap_.free_run(*large, Left::all);
  expect_in_order();
  EXPECT_EQ(release(0), (std::vector<Block*>{large}));
  EXPECT_EQ(sums().resident_pages.get(), 0u);
  expect_in_order();
}

TEST_F(PageHeapTest, AChunkGivenBackServesAgain) {
  fake_os::set_address_space_limit(64 * kMiB);
  for (int round = 0; round < 4; ++round) {
    std::vector<Block*> small = slabs(60);
    for (Block* block : small) {
      ASSERT_EQ(map_->block_fast(address_of(block->address())), block);
      heap_.free_block(*block);
    }
    fake_os::refuse(Call::reserve, 0, 1);
    Block* large = run((100 + static_cast<std::size_t>(round)) * kMiB / kBlockSize, 17);
    fake_os::allow(Call::reserve);
    ASSERT_NE(large, nullptr);
    EXPECT_EQ(map_->block_fast(address_of(large->address())), large);
    expect_in_order();
    small = slabs(60);
    expect_in_order();
    for (Block* block : small) heap_.free_block(*block);
    heap_.free_run(*large, Left::all);
    release(0);
    expect_in_order();
    EXPECT_EQ(sums().resident_pages.get(), 0u);
  }
}

// What is free under a limit is not kept from the program's own maps.
TEST_F(PageHeapTest, UnderALimitAFreeChunkGoesBackAtOnce) {
  make_slab(1);
  const std::uint64_t before = sums().reserved_bytes.get();
  fake_os::set_address_space_limit(std::size_t{1} << 30);
  const std::size_t reservations = fake_os::reservations().size();
  for (std::size_t size = 300 * kMiB; size < 310 * kMiB; size += kMiB) {
    Block* large = run(size / kBlockSize, 17);
    ASSERT_NE(large, nullptr);
    heap_.free_run(*large, Left::all);
    EXPECT_EQ(sums().reserved_bytes.get(), before);
    EXPECT_EQ(fake_os::reservations().size(), reservations);
    expect_in_order();
  }
}

// The block that the release policy looks at keeps its descriptor, whatever becomes of its chunk.
TEST_F(PageHeapTest, AChunkThatIsLookedAtStays) {
  make_slab(1);
  fake_os::set_address_space_limit(std::size_t{1} << 30);
  for (std::size_t i = 1; i < 64 * kMiB / kBlockSize; ++i) make_slab(1);
  Block* lonely = make_slab(0x0001);  // in a chunk of its own
  heap_.mark_dirty(*lonely, 1);
  const Due due = heap_.pop_due(0);
  ASSERT_EQ(due.block, lonely);
  heap_.free_block(*lonely);
  EXPECT_EQ(due.block->kind.load(), BlockKind::free);
  heap_.end_look();
  Block* again = make_slab(1);
  EXPECT_EQ(again, lonely);
  const std::uintptr_t address = address_of(again->address());
  heap_.free_block(*again);
  EXPECT_EQ(map_->block_fast(address), nullptr);
}

TEST_F(PageHeapTest, ReservesAreGivenUpInTheLastResort) {
  Block* first = run(100, 16);
  end(*run(1, 16));
  end(*run(1, 16));
  heap_.give_up_reserves();
  release(0);
  expect_in_order();
  EXPECT_EQ(run(99, 16), first + 1) << "the address space in front of a large object";
  expect_in_order();
}

// A size that comes again is kept whole; what was freed once is at once there for others.
TEST_F(PageHeapTest, TheRunOfASizeThatComesAgainIsKeptForIt) {
  Block* once = run(2, 20);
  end(*once);
  EXPECT_EQ(make_slab(1), once);
  Block* again = run(2, 20);
  end(*again);
  EXPECT_EQ(again->kind.load(), BlockKind::spare);
  EXPECT_NE(make_slab(1), again);
  expect_in_order();
  EXPECT_NE(run(2, 21), again);
  EXPECT_EQ(heap_.take_spare(1, 21), nullptr);
  EXPECT_EQ(heap_.take_spare(1, 20), again);
  EXPECT_EQ(again->kind.load(), BlockKind::large);
  expect_in_order();
}

TEST_F(PageHeapTest, ASpareMustBeAlignedAsItsNextObjectWants) {
  make_slab(1);
  for (int i = 0; i < 2; ++i) end(*run(1, 10));
  EXPECT_EQ(heap_.take_spare(16, 10), nullptr);
  EXPECT_NE(heap_.take_spare(1, 10), nullptr);
}

TEST_F(PageHeapTest, SparesGoBackWhenTheyAreOldOrNothingElseIsLeft) {
  for (int i = 0; i < 2; ++i) end(*run(1, 10));
  EXPECT_TRUE(release(100).empty());
  heap_.advance(100);
  EXPECT_EQ(release(100).size(), 1u);
  EXPECT_EQ(sums().resident_pages.get(), 0u);
  expect_in_order();
  Block* spare = run(1, 10);
  end(*spare);
  ASSERT_EQ(spare->kind.load(), BlockKind::spare);
  heap_.advance(1);
  Block* newer = make_slab(1);
  ASSERT_NE(newer, spare);
  heap_.free_block(*newer);
  EXPECT_EQ(heap_.pop_due(0, 1).block, spare) << "what is older goes first";
}

TEST_F(PageHeapTest, SparesAreFewAndSmall) {
  const std::vector<std::size_t> sizes{64, 64, 64, 65, 65};
  std::vector<Block*> runs;
  for (const std::size_t pages : sizes) runs.push_back(run(5, pages));
  for (Block* run : runs) end(*run);
  std::vector<bool> kept;
  for (const Block* run : runs) kept.push_back(run->kind.load() == BlockKind::spare);
  EXPECT_EQ(kept, (std::vector<bool>{false, true, true, false, false}));
  expect_in_order();
  Block* more = heap_.take_spare(1, 64);
  EXPECT_EQ(more, runs[2]) << "the newest first";
  std::vector<Block*> others{run(1, 7), run(1, 7), run(1, 7)};
  for (Block* run : others) end(*run);
  EXPECT_EQ(runs[1]->kind.load(), BlockKind::free) << "the oldest makes room";
  expect_in_order();
}

TEST_F(PageHeapTest, SparesAreGivenUpBeforeMemoryIsOut) {
  for (int i = 0; i < 2; ++i) end(*run(1, 16));
  ASSERT_NE(heap_.take_slab(1, kMostObjects), nullptr);
  fake_os::refuse(Call::commit);
  std::size_t taken = 1;
  while (heap_.take_slab(1, kMostObjects) != nullptr) ++taken;
  fake_os::allow(Call::commit);
  EXPECT_EQ(taken * kBlockSize, sums().committed_bytes.get());
}

}  // namespace
}  // namespace neap
