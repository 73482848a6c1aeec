// What becomes of the memory of large objects that ended: spares, returns, and pages that the system refuses.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <vector>

#include "large_fixture.h"

namespace neap {
namespace {

using fake_os::Call;
using LargeReturnsTest = LargeTest;

TEST_F(LargeReturnsTest, PagesClearedByHandGoBackOnceTheSystemTakesThem) {
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

TEST_F(LargeReturnsTest, PagesClearedByHandCountAsDirtyOnceTheObjectIsFreed) {
  char* garbage = make(kBlockSize, 1);
  rig_.free(nullptr, garbage);
  fake_os::refuse(Call::discard);
  ASSERT_EQ(make(9 * kPageSize, 2), garbage);
  rig_.free(nullptr, garbage);
  EXPECT_EQ(rig_.sums().dirty_bytes, kBlockSize);
  rig_.expect_in_order();
}

// Free runs give their commitment back where it is counted, and serve again.
TEST_F(LargeReturnsTest, CountedCommitmentsOfFreeRunsGoBack) {
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

TEST_F(LargeReturnsTest, OneAboveTheDirtyLimitGoesBackAtOnce) {
  rig_.keep_no_dirty_pages();
  char* object = make(kMiB, 1);
  rig_.free(nullptr, object);
  EXPECT_EQ(rig_.sums().resident_bytes, 0u);
  EXPECT_EQ(rig_.board.returned_bytes, kMiB);
  rig_.expect_in_order();
}

// The limit may have fallen since the last look at it: no spare is kept that exceeds it.
TEST_F(LargeReturnsTest, NoSpareIsKeptAboveTheDirtyLimit) {
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

TEST_F(LargeReturnsTest, SparesCountLikeOtherFreedObjects) {
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
TEST_F(LargeReturnsTest, TheBoardLearnsOfSparesByAndBy) {
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
TEST_F(LargeReturnsTest, ReturnsAreShortWhereLittleIsDue) {
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

TEST_F(LargeReturnsTest, ARefusedReturnLeavesItDirtyAndNeverTakenForZeros) {
  rig_.keep_no_dirty_pages();
  fake_os::refuse(Call::discard);
  rig_.free(nullptr, make(kMiB, 0x33));
  EXPECT_EQ(rig_.sums().dirty_bytes, kMiB);
  char* object = static_cast<char*>(rig_.allocate(nullptr, kMiB, true));
  EXPECT_TRUE(holds(object, 0, kMiB, 0));
}

}  // namespace
}  // namespace neap
