// Blocks and runs: where they come from, how they grow and shrink, what they count.
#include "page_heap_fixture.h"
#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

TEST_F(PageHeapTest, BlocksComeLowestFirst) {
  const std::vector<Block*> all = slabs(8);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i], all[0] + i);
  heap_.free_block(*all[6]);
  heap_.free_block(*all[2]);
  EXPECT_EQ(make_slab(1), all[2]);
  EXPECT_EQ(make_slab(1), all[6]);
}

// The lowest free block, or one that the owner had last: its memory lies in the caches of the owner's CPU.
TEST_F(PageHeapTest, WithThreadsADirtyBlockGoesToTheOwnerWhoHadIt) {
  leave_single_thread();
  Block* const first = make_slab(0x0001, 1);
  Block* const second = make_slab(0x0001, 2);
  Block* const clean = make_slab(0, 2);
  for (Block* block : {first, second, clean}) heap_.free_block(*block);
  EXPECT_EQ(make_slab(0x0001, 2), second);
  EXPECT_EQ(make_slab(0x0001, 2), first) << "the other one that it had is not dirty";
  EXPECT_EQ(make_slab(0x0001, 1), clean);
  expect_in_order();
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
  EXPECT_EQ(pieces, (std::vector<Piece>{{0, kPageSize}, {kBlockSize, kPageSize}}));
  EXPECT_EQ(run.first->large.tail, 0x8000);
}

// Runs use dirty memory, which is there already, before any other. Slabs go to the lowest block all the same.
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
  EXPECT_EQ(make_slab(0x0001, 3), low);
  EXPECT_EQ(run(2, 20), low + 1) << "the dirty block that is left has no second one";
  expect_in_order();
  EXPECT_EQ(heap_.dirty_pages(), 10u) << "two of them a tail";
  release(0);
  EXPECT_EQ(run(1, 1), high + 2) << "the lowest free block";
  os::discard(low[1].address(), 20 * kPageSize);
  heap_.free_run(low[1], Left::nothing);
  heap_.free_run(*narrow, Left::all);
  EXPECT_EQ(run(1, 16), narrow) << "dirty since the last search, which found none";
  expect_in_order();
}

TEST_F(PageHeapTest, DirtyBlocksAreFoundWhereAnEarlierSearchEnded) {
  Block* const low = run(3, 48);
  Block* const high = run(3, 48);
  make_slab(0x0001);
  heap_.free_run(*low, Left::all);
  ASSERT_GT(run(8, 8), high);
  release(0);
  heap_.free_run(*high, Left::all);
  EXPECT_EQ(run(3, 48), high) << "and not the clean ones below";
}

// What was found dirty may be garbage that the object never wrote to, and tells nothing of its density.
TEST_F(PageHeapTest, WhatAnObjectGrowsIntoCountsAsHadIfItIsDirty) {
  Block* const first = run(1, 16);
  heap_.free_run(*run(1, 16), Left::all);
  ASSERT_TRUE(heap_.resize(*first, 24));
  EXPECT_EQ(first->large.had, 8u);
  EXPECT_EQ(first->large.tail, 0xff00);
}

TEST_F(PageHeapTest, AMixedBlockIsOfNoClassAndHasTheLongestBitmap) {
  heap_.free_block(*make_slab(0x0001));
  const Block* const block = heap_.take_mixed();
  EXPECT_EQ(block->kind.load(), BlockKind::mixed);
  EXPECT_EQ(block->class_index(), 0u);
  EXPECT_EQ(block->bitmap_lines, Bitmaps::kMaxLines);
}

TEST_F(PageHeapTest, AChunkHas64GiBAtMostHoweverLargeTheHeap) {
  sums().reserved_bytes.add(std::uint64_t{100} << 30);
  const Block* const block = make_slab(0x0001);
  EXPECT_EQ(map_->chunk(address_of(block->address()))->size() * kBlockSize, std::size_t{64} << 30);
}

TEST_F(PageHeapTest, AChunkIsAsSmallAs1MiBWhereThatIsAllThereIs) {
  fake_os::refuse(Call::reserve, 0, 6);
  const Block* const block = make_slab(0x0001);
  EXPECT_EQ(map_->chunk(address_of(block->address()))->size() * kBlockSize, kMiB);
}

TEST_F(PageHeapTest, WhatNoMachineHasIsRefusedAtThePriceOfTwoPlaces) {
  fake_os::refuse(Call::commit);
  constexpr std::size_t kBytes = std::size_t{16} << 30;
  EXPECT_EQ(heap_.take_run(kBytes / kBlockSize, 1, kBytes / kPageSize).first, nullptr);
  EXPECT_EQ(fake_os::calls(Call::reserve), 2u);
  EXPECT_TRUE(fake_os::reservations().empty());
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
  EXPECT_TRUE(heap_.resize(*first, 16));
  EXPECT_TRUE(heap_.resize(*first, 40));
  EXPECT_EQ(first->large.blocks, 3u);
  Block* next = make_slab(1);
  EXPECT_EQ(next, first + 3);
  EXPECT_TRUE(heap_.resize(*first, 48));
  EXPECT_FALSE(heap_.resize(*first, 49));
  EXPECT_EQ(first->large.pages, 48u);
  EXPECT_EQ(first->large.tail, 0);
  expect_in_order();
}

TEST_F(PageHeapTest, ShrinkingGivesBlocksAndHeadroomBack) {
  Block* first = run(8, 40);
  os::discard(first->address() + 20 * kPageSize, 20 * kPageSize);
  ASSERT_TRUE(heap_.resize(*first, 20));
  EXPECT_EQ(make_slab(1), first + 2);
  expect_in_order();
}

TEST_F(PageHeapTest, ARefusedCommitUndoesTheGrowth) {
  Block* first = run(1, 16);
  fake_os::refuse(Call::commit);
  EXPECT_FALSE(heap_.resize(*first, 100 * kPagesPerBlock));
  fake_os::allow(Call::commit);
  EXPECT_EQ(first->large.blocks, 1u);
  EXPECT_EQ(make_slab(1), first + 1);
  expect_in_order();
}

// The system may refuse to let a chunk grow. The search then goes on in the next chunk, which has committed blocks.
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

TEST_F(PageHeapTest, SlabsAreFoundInTheOrderOfTheirRank) {
  const std::vector<Block*> all = slabs(3);
  ASSERT_EQ(map_->chunk(address_of(all[0]->address()))->index_of(all[0]), 0u);
  std::uint32_t rank = 0;
  for (Block* block : all) {
    EXPECT_EQ(heap_.next_block(BlockKind::slab, rank), block);
    rank = block->rank + 1;
  }
  EXPECT_EQ(heap_.next_block(BlockKind::slab, rank), nullptr);
  heap_.end_look();
}

TEST_F(PageHeapTest, OutOfMemoryIsNullUntilThereIsSome) {
  fake_os::refuse(Call::reserve);
  EXPECT_EQ(heap_.take_slab(1, 0, kMaxObjects), nullptr);
  EXPECT_EQ(heap_.take_run(1, 1, 1).first, nullptr);
  fake_os::allow(Call::reserve);
  EXPECT_NE(heap_.take_slab(1, 0, kMaxObjects), nullptr);
}

}  // namespace
}  // namespace neap
