// Large objects that grow, shrink and move: contents, accounts, and what a refusing system may do to them.
#include <gtest/gtest.h>

#include <cstring>

#include "large_fixture.h"

namespace neap {
namespace {

using fake_os::Call;
using LargeMovesTest = LargeTest;

// An object that moves as it grows wants room behind it, which a kept run may not have.
TEST_F(LargeMovesTest, GrowsOnceIntoAPlaceWithHeadroomNotIntoAKeptRun) {
  for (int i = 0; i < 2; ++i) rig_.free(nullptr, make(128 * kKiB, 1));
  char* first = make(64 * kKiB, 2);
  make(64 * kKiB, 3);
  first = static_cast<char*>(rig_.reallocate(nullptr, first, 128 * kKiB));
  make(64 * kKiB, 4);
  EXPECT_EQ(rig_.reallocate(nullptr, first, 192 * kKiB), first);
  rig_.expect_in_order();
}

// Growing in place takes whole blocks. The dirty pages of the last block that lie behind the new end then belong to
// nobody, and must read as zeros when the next object gets them.
TEST_F(LargeMovesTest, GrowingIntoADirtyBlockLeavesNoGarbageBehindTheEnd) {
  char* first = make(64 * kKiB, 1);
  rig_.free(nullptr, make(64 * kKiB, 0x7c));
  ASSERT_EQ(rig_.reallocate(nullptr, first, 68 * kKiB), first);
  rig_.expect_in_order();
  rig_.free(nullptr, first);
  char* object = static_cast<char*>(rig_.allocate(nullptr, 128 * kKiB, true));
  ASSERT_EQ(object, first);
  EXPECT_TRUE(holds(object, 0, 128 * kKiB, 0));
}

// The same where the system will not take the pages back.
TEST_F(LargeMovesTest, PagesBehindTheEndReadAsZerosEvenWhenDiscardIsRefused) {
  rig_.free(nullptr, make(64 * kKiB, 0x7c));
  fake_os::refuse(Call::discard);
  char* first = make(40 * kKiB, 1);
  rig_.expect_in_order();
  ASSERT_EQ(rig_.reallocate(nullptr, first, 64 * kKiB), first);
  rig_.free(nullptr, first);
  char* object = static_cast<char*>(rig_.allocate(nullptr, 64 * kKiB, true));
  EXPECT_TRUE(holds(object, 0, 64 * kKiB, 0));
  rig_.expect_in_order();
}

TEST_F(LargeMovesTest, MovingToADirtyPlaceLeavesNoGarbageBehindTheEnd) {
  char* hole = make(4 * kMiB, 0x7c);
  char* first = make(64 * kKiB, 1);
  make(64 * kKiB, 2);
  rig_.free(nullptr, hole);
  for (const bool refused : {false, true}) {
    if (refused) fake_os::refuse(Call::discard);
    first = static_cast<char*>(rig_.reallocate(nullptr, first, rig_.usable(first) + kBlockSize + kPageSize));
    EXPECT_TRUE(refused || first == hole);
    EXPECT_TRUE(holds(first, 0, 64 * kKiB, 1));
    rig_.expect_in_order();
  }
}

TEST_F(LargeMovesTest, ShrinkingGivesPagesAndBlocksBack) {
  char* object = make(kMiB, 3);
  const std::uint64_t before = rig_.sums().resident_bytes;
  ASSERT_EQ(rig_.reallocate(nullptr, object, 100 * kKiB), object);
  EXPECT_EQ(before - rig_.sums().resident_bytes, kMiB - 100 * kKiB);
  EXPECT_TRUE(holds(object, 0, 100 * kKiB, 3));
  EXPECT_EQ(make(64 * kKiB, 4), object + 128 * kKiB);
  rig_.expect_in_order();
}

TEST_F(LargeMovesTest, ShrinkingKeepsItsPagesWhenDiscardIsRefused) {
  char* object = make(kMiB, 3);
  fake_os::refuse(Call::discard);
  ASSERT_EQ(rig_.reallocate(nullptr, object, 100 * kKiB), object);
  EXPECT_EQ(rig_.usable(object), kMiB);
  rig_.expect_in_order();
}

// Its thread may take no other object for long.
TEST_F(LargeMovesTest, TheBoardTellsOfAnObjectThatGrowsInPlaceAtOnce) {
  ThreadCache* cache = rig_.heap.open_cache();
  void* object = rig_.allocate(cache, kMiB);
  ASSERT_EQ(rig_.reallocate(cache, object, 3 * kMiB), object);
  EXPECT_EQ(rig_.board.large_bytes, 3 * kMiB);
}

TEST_F(LargeMovesTest, GrowsInPlaceWithinItsLastBlockAndItsFreeNeighbours) {
  char* object = make(65 * kKiB, 5);
  EXPECT_EQ(rig_.reallocate(nullptr, object, 128 * kKiB), object);
  EXPECT_EQ(rig_.reallocate(nullptr, object, 3 * kMiB), object);
  EXPECT_TRUE(holds(object, 0, 65 * kKiB, 5));
  rig_.expect_in_order();
}

// A move finds a place with as much address space again behind it: growing step by step then moves once, not each time.
TEST_F(LargeMovesTest, GrowingStepByStepMovesRarely) {
  char* object = make(256 * kKiB, 6);
  int moves = 0;
  for (std::size_t size = 256 * kKiB; size <= 16 * kMiB; size += 64 * kKiB) {
    make(40 * kKiB, 7);  // whatever lies behind is taken
    char* to = static_cast<char*>(rig_.reallocate(nullptr, object, size));
    moves += to != object ? 1 : 0;
    object = to;
  }
  EXPECT_LE(moves, 8);
  EXPECT_TRUE(holds(object, 0, 256 * kKiB, 6));
  rig_.expect_in_order();
}

// Headroom costs where address space or commitments are counted, or committed pages are resident at once.
TEST_F(LargeMovesTest, AMoveTakesNoHeadroomWhereThatCosts) {
  for (const int way : {0, 1, 2, 3}) {
    if (way == 1) fake_os::set_address_space_limit(std::size_t{64} << 30);
    if (way == 2) fake_os::count_commits();
    if (way == 3) fake_os::lock_pages();
    char* object = make(256 * kKiB, 1);
    make(64 * kKiB, 2);
    object = static_cast<char*>(rig_.reallocate(nullptr, object, 512 * kKiB));
    EXPECT_EQ(rig_.block(object).large.blocks, way == 0 ? 64u : 8u) << way;
    EXPECT_TRUE(holds(object, 0, 256 * kKiB, 1));
    fake_os::reset_limits();
  }
  rig_.expect_in_order();
}

TEST_F(LargeMovesTest, HeadroomEndsAt64GiB) {
  char* object = make(kMiB, 1);
  make(64 * kKiB, 2);
  object = static_cast<char*>(rig_.reallocate(nullptr, object, 300 * kMiB));
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(rig_.block(object).large.blocks, (std::size_t{64} << 30) / kBlockSize);
}

// A move releases its source as it goes, where the system lets it; contents and accounts are kept where it does not.
class MoveTest : public LargeTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Discards, MoveTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "refused" : "taken"; });

TEST_P(MoveTest, KeepsContentsAndLeavesZeros) {
  char* object = make(3 * kMiB, 8);
  make(64 * kKiB, 9);
  if (GetParam()) fake_os::refuse(Call::discard);
  char* moved = static_cast<char*>(rig_.reallocate(nullptr, object, 4 * kMiB));
  EXPECT_NE(moved, object);
  EXPECT_TRUE(holds(moved, 0, 3 * kMiB, 8));
  rig_.expect_in_order();
  rig_.free(nullptr, moved);
  char* zeros = static_cast<char*>(rig_.allocate(nullptr, 3 * kMiB, true));
  EXPECT_TRUE(holds(zeros, 0, 3 * kMiB, 0));
}

TEST_F(LargeMovesTest, AMoveLeavesNothingResidentWhereItWas) {
  char* object = make(3 * kMiB, 8);
  make(64 * kKiB, 9);
  ASSERT_NE(rig_.reallocate(nullptr, object, 4 * kMiB), object);
  EXPECT_EQ(rig_.sums().resident_bytes, 4 * kMiB + 64 * kKiB);
  EXPECT_EQ(rig_.board.dirty_bytes, 0u);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
