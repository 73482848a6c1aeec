#include "pages/page_map.h"

#include <gtest/gtest.h>

#include <memory>

#include "fake_os.h"
#include "os/os.h"

namespace neap {
namespace {

static_assert(kSlotSize == std::size_t{1} << 30, "the manual says so");

Chunk* chunk_named(std::uintptr_t value) { return reinterpret_cast<Chunk*>(value); }

using fake_os::Call;

class PageMapTest : public testing::Test {
 protected:
  PageMapTest() { fake_os::reset(); }
  ~PageMapTest() override { fake_os::reset(); }

  // The bytes of the map that have memory.
  std::size_t covered_bytes() {
    std::size_t bytes = 0;
    for (const fake_os::Range& range : fake_os::committed()) bytes += range.size;
    return bytes;
  }

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  std::unique_ptr<Block[]> blocks_ = std::make_unique<Block[]>(kBlocksPerSlot);
};

TEST_F(PageMapTest, AnEmptyMapKnowsNoAddress) {
  for (const std::uintptr_t address : {std::uintptr_t{0}, std::uintptr_t{1} << 40, (std::uintptr_t{1} << 48) - 1}) {
    EXPECT_EQ(map_->block_fast(address), nullptr);
    EXPECT_EQ(map_->chunk(address), nullptr);
  }
}

TEST_F(PageMapTest, AddressesAboveTheMapAreForeign) {
  ASSERT_TRUE(map_->cover(kSlotSize, kBlockSize));
  for (const std::uintptr_t address : {std::uintptr_t{1} << 48, UINTPTR_MAX}) {
    EXPECT_EQ(map_->block_fast(address), nullptr);
    EXPECT_EQ(map_->chunk(address), nullptr);
  }
}

TEST_F(PageMapTest, EveryAddressOfASlotLeadsToItsBlock) {
  const std::uintptr_t base = std::uintptr_t{7} << kSlotShift;
  ASSERT_TRUE(map_->cover(base, kSlotSize));
  map_->publish(base, blocks_.get(), chunk_named(64));
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, kBlocksPerSlot - 1}) {
    EXPECT_EQ(map_->block_fast(base + i * kBlockSize), &blocks_[i]);
    EXPECT_EQ(map_->block_fast(base + i * kBlockSize + kBlockSize - 1), &blocks_[i]);
    EXPECT_EQ(map_->block(static_cast<BlockId>((base >> kBlockShift) + i)), &blocks_[i]);
  }
  EXPECT_EQ(map_->chunk(base + kSlotSize - 1), chunk_named(64));
  EXPECT_EQ(map_->block_fast(base - 1), nullptr);
  EXPECT_EQ(map_->block_fast(base + kSlotSize), nullptr);
}

TEST_F(PageMapTest, TheHighestSlotWorks) {
  const std::uintptr_t base = (kSlots - 1) << kSlotShift;
  ASSERT_TRUE(map_->cover(base, kSlotSize));
  EXPECT_FALSE(map_->cover(base, kSlotSize + 1)) << "above the map";
  map_->publish(base, blocks_.get(), chunk_named(64));
  EXPECT_EQ(map_->block_fast((std::uintptr_t{1} << 48) - 1), &blocks_[kBlocksPerSlot - 1]);
}

// A limit on data counts what may be written to: the pages of slots in use.
TEST_F(PageMapTest, ItIsMemoryOnlyWhereSlotsAreUsed) {
  EXPECT_TRUE(fake_os::reservations().empty()) << "nothing before its first use";
  ASSERT_TRUE(map_->cover(std::uintptr_t{7} << kSlotShift, kBlockSize));
  EXPECT_EQ(covered_bytes(), kPageSize);
  ASSERT_TRUE(map_->cover(std::uintptr_t{8} << kSlotShift, 4 * kSlotSize));
  EXPECT_EQ(covered_bytes(), kPageSize);
  const std::uintptr_t across = std::uintptr_t{4 * kPageSize / 16 - 1} << kSlotShift;
  ASSERT_TRUE(map_->cover(across, 2 * kSlotSize));
  EXPECT_EQ(covered_bytes(), 3 * kPageSize);
}

TEST_F(PageMapTest, ARefusedMapKnowsNoAddressAndIsTriedAgain) {
  const std::uintptr_t base = std::uintptr_t{7} << kSlotShift;
  for (const Call call : {Call::reserve, Call::make_readable, Call::commit}) {
    fake_os::refuse(call);
    EXPECT_FALSE(map_->cover(base, kSlotSize));
    EXPECT_EQ(map_->block_fast(base), nullptr);
    fake_os::allow(call);
  }
  EXPECT_LE(fake_os::reservations().size(), 1u);
  ASSERT_TRUE(map_->cover(base, kSlotSize));
  map_->publish(base, blocks_.get(), chunk_named(64));
  EXPECT_EQ(map_->block_fast(base), &blocks_[0]);
}

}  // namespace
}  // namespace neap
