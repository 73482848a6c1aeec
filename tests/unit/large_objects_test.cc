// Large objects on a whole heap: contents, accounts, and what a refusing system may do to them.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;
constexpr std::size_t kKiB = 1024;

class LargeTest : public testing::Test {
 protected:
  LargeTest() { rig_.keep_dirty_pages(); }  // nothing is released unless a test asks

  char* make(std::size_t size, int fill) {
    char* object = static_cast<char*>(rig_.allocate(nullptr, size));
    if (object != nullptr) std::memset(object, fill, size);
    return object;
  }
  static bool holds(const char* object, std::size_t from, std::size_t to, int fill) {
    for (std::size_t i = from; i < to; ++i) {
      if (object[i] != static_cast<char>(fill)) return false;
    }
    return true;
  }

  Rig rig_;
};

TEST_F(LargeTest, IsPageExactAndBlockAligned) {
  for (const std::size_t size : {kLargestSmall + 1, 9 * kPageSize, 64 * kKiB, 64 * kKiB + 1, 5 * kMiB}) {
    char* object = make(size, 1);
    EXPECT_EQ(address_of(object) % kBlockSize, 0u);
    EXPECT_EQ(rig_.usable(object), round_up(size, kPageSize));
  }
  rig_.expect_in_order();
}

TEST_F(LargeTest, AlignedBeyondABlock) {
  for (std::size_t align = kPageSize; align <= kSlotSize; align *= 2) {
    void* object = rig_.allocate_aligned(align, 100);
    ASSERT_NE(object, nullptr) << align;
    EXPECT_EQ(address_of(object) % align, 0u) << align;
  }
}

TEST_F(LargeTest, AlignedAsFarAsAddressSpaceGoes) {
  for (std::size_t align = kSlotSize * 2; align <= (std::size_t{1} << 36); align *= 2) {
    void* object = rig_.allocate_aligned(align, 100);
    ASSERT_NE(object, nullptr) << align;
    EXPECT_EQ(address_of(object) % align, 0u) << align;
    rig_.free(nullptr, object);
    EXPECT_EQ(rig_.allocate_aligned(align, 100), object) << "its place serves again";
  }
  for (std::size_t align = std::size_t{1} << 47; align != 0; align *= 2)
    EXPECT_EQ(rig_.allocate_aligned(align, 100), nullptr) << align;
  rig_.expect_in_order();
}

TEST_F(LargeTest, RefusesWhatNoAddressSpaceHolds) {
  for (const std::size_t size : {std::size_t{1} << 48, std::size_t{1} << 62, static_cast<std::size_t>(PTRDIFF_MAX)}) {
    EXPECT_EQ(rig_.allocate(nullptr, size), nullptr) << size;
  }
  EXPECT_NE(make(kMiB, 1), nullptr);
  rig_.expect_in_order();
}

TEST_F(LargeTest, ZeroedAfterDirtyReuse) {
  for (const std::size_t size : {40 * kKiB, 92 * kKiB, 3 * kMiB}) {
    rig_.free(nullptr, make(4 * kMiB, 0x5a));
    char* object = static_cast<char*>(rig_.allocate(nullptr, size, true));
    EXPECT_TRUE(holds(object, 0, rig_.usable(object), 0)) << size;
    rig_.free(nullptr, object);
  }
  rig_.expect_in_order();
}

TEST_F(LargeTest, ZeroedInARunThatWasKept) {
  char* kept = nullptr;
  for (int i = 0; i < 3; ++i) rig_.free(nullptr, kept = make(100 * kKiB, 0x5a));
  char* object = static_cast<char*>(rig_.allocate(nullptr, 100 * kKiB, true));
  EXPECT_EQ(object, kept);
  EXPECT_TRUE(holds(object, 0, rig_.usable(object), 0));
  rig_.expect_in_order();
}

// An object that moves as it grows wants room behind it, which a kept run may not have.
TEST_F(LargeTest, GrowsOnceIntoAPlaceWithHeadroomNotIntoAKeptRun) {
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
TEST_F(LargeTest, GrowingIntoADirtyBlockLeavesNoGarbageBehindTheEnd) {
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
TEST_F(LargeTest, PagesBehindTheEndReadAsZerosEvenWhenDiscardIsRefused) {
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

TEST_F(LargeTest, PagesClearedByHandGoBackOnceTheSystemTakesThem) {
  const std::size_t size = 32 * kBlockSize;
  char* hole = make(size, 1);
  char* first = make(2 * kBlockSize, 2);
  make(kBlockSize, 3);
  rig_.free(nullptr, hole);
  fake_os::refuse(Call::discard);
  ASSERT_EQ(rig_.reallocate(nullptr, first, 4 * kBlockSize), hole);  // with headroom, where garbage lies
  rig_.free(nullptr, hole);
  fake_os::allow(Call::discard);
  rig_.heap.release_all();
  unsigned char in_memory[32 * kPagesPerBlock];
  ASSERT_EQ(mincore(hole, size, in_memory), 0);
  for (std::size_t page = 0; page < sizeof in_memory; ++page) EXPECT_EQ(in_memory[page] & 1, 0) << page;
  rig_.expect_in_order();
}

TEST_F(LargeTest, PagesClearedByHandCountAsDirtyOnceTheObjectIsFreed) {
  char* garbage = make(kBlockSize, 1);
  rig_.free(nullptr, garbage);
  fake_os::refuse(Call::discard);
  ASSERT_EQ(make(9 * kPageSize, 2), garbage);
  rig_.free(nullptr, garbage);
  EXPECT_EQ(rig_.sums().dirty_bytes, kBlockSize);
  rig_.expect_in_order();
}

TEST_F(LargeTest, MovingToADirtyPlaceLeavesNoGarbageBehindTheEnd) {
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

TEST_F(LargeTest, ShrinkingGivesPagesAndBlocksBack) {
  char* object = make(kMiB, 3);
  const std::uint64_t before = rig_.sums().resident_bytes;
  ASSERT_EQ(rig_.reallocate(nullptr, object, 100 * kKiB), object);
  EXPECT_EQ(before - rig_.sums().resident_bytes, kMiB - 100 * kKiB);
  EXPECT_TRUE(holds(object, 0, 100 * kKiB, 3));
  EXPECT_EQ(make(64 * kKiB, 4), object + 128 * kKiB);
  rig_.expect_in_order();
}

TEST_F(LargeTest, ShrinkingKeepsItsPagesWhenDiscardIsRefused) {
  char* object = make(kMiB, 3);
  fake_os::refuse(Call::discard);
  ASSERT_EQ(rig_.reallocate(nullptr, object, 100 * kKiB), object);
  EXPECT_EQ(rig_.usable(object), kMiB);
  rig_.expect_in_order();
}

// Its thread may take no other object for long.
TEST_F(LargeTest, TheBoardTellsOfAnObjectThatGrowsInPlaceAtOnce) {
  ThreadCache* cache = rig_.heap.open_cache();
  void* object = rig_.allocate(cache, kMiB);
  ASSERT_EQ(rig_.reallocate(cache, object, 3 * kMiB), object);
  EXPECT_EQ(rig_.board.large_bytes, 3 * kMiB);
}

TEST_F(LargeTest, GrowsInPlaceWithinItsLastBlockAndItsFreeNeighbours) {
  char* object = make(65 * kKiB, 5);
  EXPECT_EQ(rig_.reallocate(nullptr, object, 128 * kKiB), object);
  EXPECT_EQ(rig_.reallocate(nullptr, object, 3 * kMiB), object);
  EXPECT_TRUE(holds(object, 0, 65 * kKiB, 5));
  rig_.expect_in_order();
}

// A move finds a place with as much address space again behind it: growing step by step then moves once, not each time.
TEST_F(LargeTest, GrowingStepByStepMovesRarely) {
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
TEST_F(LargeTest, AMoveTakesNoHeadroomWhereThatCosts) {
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

TEST_F(LargeTest, HeadroomEndsAt64GiB) {
  char* object = make(kMiB, 1);
  make(64 * kKiB, 2);
  object = static_cast<char*>(rig_.reallocate(nullptr, object, 300 * kMiB));
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(rig_.block(object).large.blocks, (std::size_t{64} << 30) / kBlockSize);
}

// Free runs give their commitment back where it is counted, and serve again.
TEST_F(LargeTest, CountedCommitmentsOfFreeRunsGoBack) {
  fake_os::count_commits();
  rig_.keep_no_dirty_pages();
  for (int round = 0; round < 3; ++round) {
    char* object = make(5 * kMiB, round);
    EXPECT_TRUE(holds(object, 0, 5 * kMiB, round));
    rig_.free(nullptr, object);
    EXPECT_EQ(fake_os::calls(Call::decommit), static_cast<std::uint64_t>(round) + 1);
    EXPECT_EQ(rig_.sums().resident_bytes, 0u);
    rig_.expect_in_order();
  }
  char* grows = make(kMiB, 7);
  ASSERT_EQ(rig_.reallocate(nullptr, grows, 4 * kMiB), grows);
  std::memset(grows, 7, 4 * kMiB);
  rig_.expect_in_order();
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

TEST_F(LargeTest, AMoveLeavesNothingResidentWhereItWas) {
  char* object = make(3 * kMiB, 8);
  make(64 * kKiB, 9);
  ASSERT_NE(rig_.reallocate(nullptr, object, 4 * kMiB), object);
  EXPECT_EQ(rig_.sums().resident_bytes, 4 * kMiB + 64 * kKiB);
  EXPECT_EQ(rig_.board.dirty_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(LargeTest, OneAboveTheDirtyLimitGoesBackAtOnce) {
  rig_.keep_no_dirty_pages();
  char* object = make(kMiB, 1);
  rig_.free(nullptr, object);
  EXPECT_EQ(rig_.sums().resident_bytes, 0u);
  EXPECT_EQ(rig_.board.returned_bytes, kMiB);
  rig_.expect_in_order();
}

// The limit may have fallen since the last look at it: no spare is kept that exceeds it.
TEST_F(LargeTest, NoSpareIsKeptAboveTheDirtyLimit) {
  rig_.heap.options.dirty_percent = 0;
  for (const std::uint64_t floor : {kMiB, 64 * kKiB}) {
    rig_.heap.options.dirty_floor = floor;
    rig_.heap.release_due();
    for (int i = 0; i < 3; ++i) {
      char* object = make(100 * kKiB, 1);
      Block& block = rig_.block(object);
      const std::uint64_t before = rig_.sums().dirty_bytes;
      rig_.free(nullptr, object);
      EXPECT_EQ(block.kind.load() == BlockKind::spare, floor == kMiB && i > 0);
      if (floor != kMiB) {
        EXPECT_EQ(rig_.sums().dirty_bytes, before) << "it goes whole, and at once";
      }
    }
    EXPECT_LE(rig_.sums().dirty_bytes, floor);
    rig_.expect_in_order();
  }
}

TEST_F(LargeTest, SparesCountLikeOtherFreedObjects) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::uint64_t served = rig_.sums().served;
  const auto replace = [&](void*& object) {
    rig_.free(cache, object);
    object = rig_.allocate(cache, 100 * kKiB);
  };
  std::vector<void*> objects;
  for (int i = 0; i < 3; ++i) objects.push_back(rig_.allocate(cache, 100 * kKiB));
  for (int i = 0; i < 1000; ++i) replace(objects[static_cast<std::size_t>(i) % objects.size()]);
  EXPECT_EQ(rig_.sums().served, served + 1003);
  EXPECT_EQ(rig_.board.large_objects, 3u);
  EXPECT_EQ(rig_.board.large_bytes, 300 * kKiB);
  EXPECT_EQ(rig_.board.dirty_bytes, 0u);
  EXPECT_GE(rig_.board.events, 2000u - kClockStep);
  for (void* object : objects) rig_.free(cache, object);
  EXPECT_EQ(rig_.sums().large_objects, 0u);
  EXPECT_EQ(rig_.board.dirty_bytes, 300 * kKiB);
  rig_.expect_in_order();
}

// A process that does nothing but take and free one buffer still tells its watchers about it, a little later.
TEST_F(LargeTest, TheBoardLearnsOfSparesByAndBy) {
  ThreadCache* cache = rig_.heap.open_cache();
  for (int i = 0; i < 2; ++i) rig_.free(cache, rig_.allocate(cache, 100 * kKiB));
  rig_.sums();
  void* object = rig_.allocate(cache, 100 * kKiB);
  for (std::uint32_t i = 0; i < kPublishStep; ++i) {
    rig_.free(cache, object);
    object = rig_.allocate(cache, 100 * kKiB);
  }
  EXPECT_EQ(rig_.board.large_objects + rig_.board.dirty_bytes / (100 * kKiB), 1u);
  EXPECT_GE(rig_.board.events, std::uint64_t{2} * kPublishStep);
}

// While little is due, a call returns one block and the next calls go on. A burst of frees does not outrun them.
TEST_F(LargeTest, ReturnsAreShortWhereLittleIsDue) {
  constexpr std::uint64_t kFloor = kMiB, kObject = 252 * kKiB, kSlack = 256 * kKiB;
  rig_.heap.options.dirty_percent = 0;
  rig_.heap.options.dirty_floor = kFloor;
  std::vector<char*> objects(40);
  for (char*& object : objects) object = make(kObject, 1);
  for (std::size_t i = 0; i < 5; ++i) rig_.free(nullptr, objects[i]);
  EXPECT_GT(rig_.sums().dirty_bytes, kFloor);
  while (rig_.sums().dirty_bytes > kFloor) {
    const std::uint64_t before = rig_.board.dirty_bytes;
    rig_.heap.release_due();
    ASSERT_LT(rig_.sums().dirty_bytes, before);
  }
  for (const auto& discard : fake_os::discards()) EXPECT_LE(discard.size, kBlockSize);
  for (std::size_t i = 5; i < objects.size(); ++i) {
    rig_.free(nullptr, objects[i]);
    EXPECT_LE(rig_.sums().dirty_bytes, kFloor + kSlack + kBlockSize);
  }
  rig_.expect_in_order();
}

TEST_F(LargeTest, ARefusedReturnLeavesItDirtyAndNeverTakenForZeros) {
  rig_.keep_no_dirty_pages();
  fake_os::refuse(Call::discard);
  rig_.free(nullptr, make(kMiB, 0x33));
  EXPECT_EQ(rig_.sums().dirty_bytes, kMiB);
  char* object = static_cast<char*>(rig_.allocate(nullptr, kMiB, true));
  EXPECT_TRUE(holds(object, 0, kMiB, 0));
}

TEST_F(LargeTest, OutOfMemoryIsNullAndTheHeapStaysUsable) {
  char* kept = make(kMiB, 1);
  fake_os::refuse(Call::reserve);
  fake_os::refuse(Call::commit);
  EXPECT_EQ(rig_.allocate(nullptr, 512 * kMiB), nullptr);
  EXPECT_EQ(rig_.allocate(nullptr, 8 * kMiB), nullptr);
  EXPECT_EQ(rig_.reallocate(nullptr, kept, 8 * kMiB), nullptr);
  EXPECT_TRUE(holds(kept, 0, kMiB, 1));
  rig_.expect_in_order();
  fake_os::allow(Call::reserve);
  fake_os::allow(Call::commit);
  kept = static_cast<char*>(rig_.reallocate(nullptr, kept, 8 * kMiB));
  ASSERT_NE(kept, nullptr);
  EXPECT_TRUE(holds(kept, 0, kMiB, 1));
  EXPECT_NE(make(512 * kMiB / 256, 1), nullptr);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
