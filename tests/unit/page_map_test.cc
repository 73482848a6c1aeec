#include "pages/page_map.h"

#include <gtest/gtest.h>

#include <memory>

namespace neap {
namespace {

Chunk* chunk_named(std::uintptr_t value) { return reinterpret_cast<Chunk*>(value); }

class PageMapTest : public testing::Test {
 protected:
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
  for (const std::uintptr_t address : {std::uintptr_t{1} << 48, UINTPTR_MAX}) {
    EXPECT_EQ(map_->block_fast(address), nullptr);
    EXPECT_EQ(map_->chunk(address), nullptr);
  }
}

TEST_F(PageMapTest, EveryAddressOfASlotLeadsToItsBlock) {
  const std::uintptr_t base = std::uintptr_t{7} << kSlotShift;
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
  map_->publish(base, blocks_.get(), chunk_named(64));
  EXPECT_EQ(map_->block_fast((std::uintptr_t{1} << 48) - 1), &blocks_[kBlocksPerSlot - 1]);
}

}  // namespace
}  // namespace neap
