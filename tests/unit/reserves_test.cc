// What the page heap keeps for a better time, and gives up: free chunks, spares.
#include "page_heap_fixture.h"

namespace neap {
namespace {

using fake_os::Call;

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

// Under a limit of address space, a free chunk must not take room from the program's own mappings.
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

TEST_F(PageHeapTest, CountedCommitmentsOfFreeRunsGoBackInTheLastResort) {
  fake_os::count_commits();
  slabs(1);
  Block* const shorter = run(3, 1);
  slabs(1);
  Block* const longer = run(4, 1);
  slabs(1);
  char* const begin = longer->address();
  heap_.free_run(*shorter, Left::all);
  heap_.free_run(*longer, Left::all);
  char* const of_shorter = shorter->address();
  heap_.give_up_reserves();
  EXPECT_FALSE(is_committed(begin));
  EXPECT_FALSE(is_committed(begin + 4 * kBlockSize - 1));
  EXPECT_TRUE(is_committed(begin + 4 * kBlockSize)) << "the slab behind it";
  EXPECT_TRUE(is_committed(of_shorter)) << "too short to be worth a call";
  expect_in_order();
  EXPECT_EQ(run(4, 64), longer);
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
  ASSERT_NE(heap_.take_slab(1, 0, kMaxObjects), nullptr);
  fake_os::refuse(Call::commit);
  std::size_t taken = 1;
  while (heap_.take_slab(1, 0, kMaxObjects) != nullptr) ++taken;
  fake_os::allow(Call::commit);
  EXPECT_EQ(taken * kBlockSize, sums().committed_bytes.get());
}

}  // namespace
}  // namespace neap
