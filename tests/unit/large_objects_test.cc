// Large objects on a whole heap: where they lie, what they hold, and what is told of them.
#include "large/large_objects.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "large_fixture.h"

namespace neap {
namespace {

using fake_os::Call;

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
