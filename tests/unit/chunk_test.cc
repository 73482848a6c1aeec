#include "pages/chunk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "fake_os.h"
#include "os/os.h"

namespace neap {
namespace {

using fake_os::Call;

class ChunkTest : public testing::Test {
 protected:
  ChunkTest() { fake_os::reset(); }
  ~ChunkTest() override { fake_os::reset(); }

  Chunk* create(std::size_t least, std::size_t wish) { return Chunk::create(least, wish, *map_, accounts_); }
  // Takes a run whose blocks are all usable. Returns the index of its first block, or SIZE_MAX.
  std::size_t take(Chunk& chunk, std::size_t count, std::size_t align = 1) {
    const Chunk::Taken taken = chunk.take(count, align, count, accounts_);
    return taken.block == nullptr ? SIZE_MAX : chunk.index_of(taken.block);
  }

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  Accounts accounts_;
};

TEST_F(ChunkTest, ReservesTheWish) {
  Chunk* chunk = create(kMiB, 8 * kMiB);
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(chunk->size(), 8 * kMiB / kBlockSize);
  EXPECT_EQ(chunk->committed(), 0u);
  EXPECT_EQ(accounts_.reserved_bytes.get(), 8 * kMiB);
  EXPECT_EQ(address_of(chunk->address_of_block(0)) % kSlotSize, 0u);
}

TEST_F(ChunkTest, HalvesTheWishWhileItIsRefused) {
  fake_os::refuse(Call::reserve, 0, 2);
  Chunk* chunk = create(kMiB, 8 * kMiB);
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(chunk->size(), 2 * kMiB / kBlockSize);
}

TEST_F(ChunkTest, NeverGoesBelowTheLeast) {
  fake_os::refuse(Call::reserve, 0, 2);
  Chunk* chunk = create(3 * kMiB, 8 * kMiB);
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(chunk->size(), 3 * kMiB / kBlockSize);
  fake_os::refuse(Call::reserve);
  EXPECT_EQ(create(3 * kMiB, 8 * kMiB), nullptr);
}

TEST_F(ChunkTest, WhatIsAskedForFirstIsRefusedAtThePriceOfAPlace) {
  fake_os::refuse(Call::commit);
  for (const bool goes_back : {false, true})
    EXPECT_EQ(Chunk::create(kMiB, kMiB, *map_, accounts_, kBlockSize, {kMiB, goes_back}), nullptr);
  EXPECT_EQ(fake_os::calls(Call::reserve), 2u);
  EXPECT_TRUE(fake_os::reservations().empty());
}

TEST_F(ChunkTest, WhatWasAskedForFirstStaysCommittedUnlessItGoesBack) {
  for (const bool goes_back : {false, true}) {
    Chunk* chunk = Chunk::create(kMiB, kMiB, *map_, accounts_, kBlockSize, {kMiB / 2, goes_back});
    ASSERT_NE(chunk, nullptr);
    std::size_t bytes = 0;
    for (const fake_os::Range& range : fake_os::committed())
      if (range.begin == chunk->address_of_block(0)) bytes = range.size;
    EXPECT_EQ(bytes, goes_back ? 0 : kMiB / 2);
    EXPECT_EQ(chunk->committed(), 0u);
  }
}

TEST_F(ChunkTest, RefusedMetadataLeavesNothingReserved) {
  fake_os::refuse(Call::reserve, 1);
  EXPECT_EQ(create(kMiB, kMiB), nullptr);
  fake_os::allow(Call::reserve);
  fake_os::refuse(Call::commit);
  EXPECT_EQ(create(kMiB, kMiB), nullptr);
  fake_os::allow(Call::commit);
  fake_os::refuse(Call::make_readable);
  EXPECT_EQ(create(kMiB, kMiB), nullptr);
  fake_os::allow(Call::make_readable);
  fake_os::refuse(Call::make_readable, 1);
  EXPECT_EQ(create(kMiB, kMiB), nullptr) << "the page map's";
  EXPECT_TRUE(fake_os::reservations().empty());
  EXPECT_EQ(accounts_.reserved_bytes.get(), 0u);
  EXPECT_EQ(accounts_.metadata_bytes.get(), 0u);
}

TEST_F(ChunkTest, EveryAddressOfItsSlotsReadsAsAFreeBlock) {
  for (const std::size_t size : {kMiB, kSlotSize + 3 * kMiB}) {
    Chunk* chunk = create(size, size);
    ASSERT_NE(chunk, nullptr);
    const std::uintptr_t base = address_of(chunk->address_of_block(0));
    for (std::uintptr_t at = 0; at < round_up(size, kSlotSize); at += kBlockSize) {
      const Block* block = map_->block_fast(base + at);
      ASSERT_EQ(block, chunk->at(at / kBlockSize));
      ASSERT_EQ(block->kind.load(), BlockKind::free);
      ASSERT_EQ(block->admission.load(), 0);
      ASSERT_EQ(map_->chunk(base + at), chunk);
    }
  }
}

TEST_F(ChunkTest, FirstFitByAddress) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  EXPECT_EQ(take(chunk, 3), 0u);
  EXPECT_EQ(take(chunk, 2), 3u);
  EXPECT_EQ(take(chunk, 4), 5u);
  chunk.give_back(0, 3);
  chunk.give_back(5, 4);
  EXPECT_EQ(take(chunk, 4), 5u);
  EXPECT_EQ(take(chunk, 2), 0u);
  EXPECT_EQ(take(chunk, 1), 2u);
  EXPECT_EQ(take(chunk, 1), 9u);
}

TEST_F(ChunkTest, AlignedRunsBeginAtMultiples) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  EXPECT_EQ(take(chunk, 1), 0u);
  EXPECT_EQ(take(chunk, 2, 8), 8u);
  EXPECT_EQ(take(chunk, 2, 4), 4u);
  EXPECT_EQ(take(chunk, 2), 1u);
}

TEST_F(ChunkTest, FillsToTheLastBlockAndStartsAgainAfterAReturn) {
  Chunk& chunk = *create(kMiB, kMiB);
  for (std::size_t i = 0; i < chunk.size(); ++i) EXPECT_EQ(take(chunk, 1), i);
  EXPECT_EQ(take(chunk, 1), SIZE_MAX);
  chunk.give_back(chunk.size() - 1, 1);
  EXPECT_EQ(take(chunk, 2), SIZE_MAX);
  EXPECT_EQ(take(chunk, 1), chunk.size() - 1);
}

// A chunk remembers a search that failed. It must forget it when blocks return, and must not apply it to shorter runs.
TEST_F(ChunkTest, AFailedSearchIsForgottenWhenBlocksReturn) {
  Chunk& chunk = *create(kMiB, kMiB);
  EXPECT_EQ(take(chunk, 10), 0u);
  EXPECT_EQ(take(chunk, 7), SIZE_MAX);
  EXPECT_EQ(take(chunk, 8), SIZE_MAX);
  EXPECT_EQ(take(chunk, 6), 10u);
  chunk.give_back(0, 10);
  EXPECT_EQ(take(chunk, 8), 0u);
}

TEST_F(ChunkTest, AFailedAlignedSearchSaysNothingAboutOthers) {
  Chunk& chunk = *create(kMiB, kMiB);
  EXPECT_EQ(take(chunk, 1), 0u);
  EXPECT_EQ(take(chunk, 8, 16), SIZE_MAX);
  EXPECT_EQ(take(chunk, 8), 1u);
}

TEST_F(ChunkTest, TakeAtWantsAllOfThemFree) {
  Chunk& chunk = *create(kMiB, kMiB);
  EXPECT_EQ(take(chunk, 4), 0u);
  EXPECT_TRUE(chunk.take_at(4, 2));
  EXPECT_FALSE(chunk.take_at(5, 2));
  EXPECT_FALSE(chunk.take_at(15, 2));
  EXPECT_TRUE(chunk.take_at(15, 1));
  EXPECT_TRUE(chunk.is_free(6));
  EXPECT_FALSE(chunk.is_free(5));
}

TEST_F(ChunkTest, CommitsInStepsFromTheBottom) {
  Chunk& chunk = *create(64 * kMiB, 64 * kMiB);
  EXPECT_EQ(take(chunk, 1), 0u);
  const std::size_t first = chunk.committed();
  EXPECT_GE(first, 1u);
  EXPECT_LE(first * kBlockSize, kMiB);
  const std::uint64_t before = fake_os::calls(Call::commit);
  for (std::size_t i = 1; i < first; ++i) EXPECT_EQ(take(chunk, 1), i);
  EXPECT_EQ(fake_os::calls(Call::commit), before);
  EXPECT_EQ(take(chunk, 1), first);
  EXPECT_GT(chunk.committed(), first);
  EXPECT_EQ(accounts_.committed_bytes.get(), chunk.committed() * kBlockSize);
  while (take(chunk, 1) != SIZE_MAX) {
  }
  EXPECT_EQ(chunk.committed(), chunk.size());
}

TEST_F(ChunkTest, HeadroomIsTakenButNotCommitted) {
  Chunk& chunk = *create(64 * kMiB, 64 * kMiB);
  ASSERT_NE(chunk.take(512, 1, 1, accounts_).block, nullptr);
  EXPECT_LT(chunk.committed(), 512u);
  EXPECT_EQ(take(chunk, 1), 512u);
  EXPECT_GT(chunk.committed(), 512u);
}

// A step makes two commits. Whichever of them is refused, nothing is taken, and the next try succeeds.
TEST_F(ChunkTest, ARefusedCommitTakesNothing) {
  for (std::uint64_t skip = 0; skip < 2; ++skip) {
    Chunk& chunk = *create(kMiB, kMiB);
    const std::uint64_t committed = accounts_.committed_bytes.get();
    fake_os::refuse(Call::commit, skip);
    const Chunk::Taken taken = chunk.take(2, 1, 2, accounts_);
    EXPECT_EQ(taken.block, nullptr);
    EXPECT_TRUE(taken.refused);
    EXPECT_TRUE(chunk.is_free(0));
    EXPECT_EQ(accounts_.committed_bytes.get(), committed);
    fake_os::allow(Call::commit);
    EXPECT_EQ(take(chunk, 2), 0u);
    std::memset(chunk.address_of_block(0), 1, 2 * kBlockSize);
  }
}

// Near a limit the system may refuse a whole step and still grant what is needed.
TEST_F(ChunkTest, ARefusedStepIsTriedAgainWithTheNeedAlone) {
  for (std::uint64_t skip = 0; skip < 2; ++skip) {
    Chunk& chunk = *create(kMiB, kMiB);
    fake_os::refuse(Call::commit, skip, 1);
    EXPECT_EQ(take(chunk, 1), 0u);
    EXPECT_EQ(chunk.committed(), 1u);
    std::memset(chunk.address_of_block(0), 1, kBlockSize);
  }
}

TEST_F(ChunkTest, TakenBlocksKnowTheirAddressAndTheirBitmaps) {
  Chunk& chunk = *create(kMiB, kMiB);
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    Block& block = *chunk.take(1, 1, 1, accounts_).block;
    EXPECT_EQ(block.address(), chunk.address_of_block(i));
    chunk.equip(block, kMaxObjects, accounts_);
    EXPECT_EQ(block.free_bits[0], 0u) << "bitmaps overlap";
    std::memset(block.free_bits, -1, kMaxObjects / 8);
  }
}

TEST_F(ChunkTest, FewObjectsNeedNoBitmapBesideTheDescriptor) {
  Chunk& chunk = *create(kMiB, kMiB);
  Block &few = *chunk.take(1, 1, 1, accounts_).block, &more = *chunk.take(1, 1, 1, accounts_).block;
  chunk.equip(few, kFewObjects, accounts_);
  EXPECT_EQ(few.free_bits, few.few_bits);
  EXPECT_EQ(few.bitmap_lines, 0);
  chunk.equip(more, kFewObjects + 1, accounts_);
  EXPECT_NE(more.free_bits, more.few_bits);
  EXPECT_EQ(more.bitmap_lines, 1);
}

TEST_F(ChunkTest, BitmapsAreCommittedFor64BlocksAtATime) {
  Chunk& chunk = *create(16 * kMiB, 16 * kMiB);
  take(chunk, 100);
  const std::uint64_t before = accounts_.metadata_bytes.get();
  for (std::size_t i = 0; i < 100; ++i) {
    chunk.equip(*chunk.at(i), kMaxObjects, accounts_);
    ASSERT_EQ(accounts_.metadata_bytes.get() - before, (i / 64 + 1) * 64 * kMaxObjects / 8) << i;
  }
}

TEST_F(ChunkTest, WhatStripTakesBackIsGivenOutAgain) {
  Chunk& chunk = *create(kMiB, kMiB);
  Block& block = *chunk.take(1, 1, 1, accounts_).block;
  chunk.equip(block, kMaxObjects, accounts_);
  const bits::Word* const before = block.free_bits;
  chunk.strip(block);
  chunk.equip(block, kMaxObjects, accounts_);
  EXPECT_EQ(block.free_bits, before);
}

// Addresses have to be hard to foretell: a chunk begins at any block of a slot, and may reach into the next slot.
TEST_F(ChunkTest, BeginsAtARandomBlockOfASlot) {
  for (const std::uint64_t random :
       {std::uint64_t{5}, std::uint64_t{kBlocksPerSlot - 1}, std::uint64_t{1} << 40 | 77}) {
    fake_os::set_random(random);
    Chunk* chunk = create(kMiB, kMiB);
    ASSERT_NE(chunk, nullptr);
    const std::uintptr_t base = address_of(chunk->address_of_block(0));
    EXPECT_EQ(base / kBlockSize % kBlocksPerSlot, random % kBlocksPerSlot);
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      EXPECT_EQ(map_->block_fast(base + i * kBlockSize), chunk->at(i));
      EXPECT_EQ(map_->chunk(base + i * kBlockSize), chunk);
    }
    const Block* before = map_->block_fast(base - base % kSlotSize);
    ASSERT_NE(before, nullptr);
    EXPECT_EQ(before->kind.load(), BlockKind::free);
    EXPECT_EQ(chunk->holds(before), base % kSlotSize == 0);
    EXPECT_EQ(take(*chunk, chunk->size()), 0u);
    std::memset(chunk->address_of_block(0), 1, chunk->size() * kBlockSize);
  }
}

TEST_F(ChunkTest, NoTwoShareASlot) {
  std::vector<Chunk*> chunks;
  for (const std::uint64_t random : {900u, 100u, 16000u, 3u, 16383u, 0u}) {
    fake_os::set_random(random);
    chunks.push_back(create(kMiB, kMiB));
    ASSERT_NE(chunks.back(), nullptr);
  }
  for (Chunk* chunk : chunks) EXPECT_EQ(map_->chunk(address_of(chunk->address_of_block(0))), chunk);
}

TEST_F(ChunkTest, BeginsAtAMultipleOfAnyAlignment) {
  fake_os::set_random(12345);
  for (std::size_t align = kBlockSize; align <= 4 * kSlotSize; align *= 2) {
    Chunk* chunk = Chunk::create(kMiB, kMiB, *map_, accounts_, align);
    ASSERT_NE(chunk, nullptr);
    EXPECT_EQ(address_of(chunk->address_of_block(0)) % align, 0u);
  }
}

TEST_F(ChunkTest, ClosedBlocksAreCommittedAgainWhenTheyAreTaken) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  EXPECT_EQ(take(chunk, 32), 0u);
  chunk.give_back(0, 32);
  ASSERT_TRUE(os::decommit(chunk.address_of_block(4), 20 * kBlockSize));
  chunk.close(4, 20);
  fake_os::refuse(Call::commit);
  EXPECT_EQ(take(chunk, 4), 0u);
  EXPECT_EQ(take(chunk, 4), SIZE_MAX);
  EXPECT_TRUE(chunk.is_free(4));
  fake_os::allow(Call::commit);
  EXPECT_EQ(take(chunk, 8), 4u);
  EXPECT_TRUE(chunk.take_at_and_commit(12, 20, accounts_));
  std::memset(chunk.address_of_block(0), 1, 32 * kBlockSize);
}

TEST_F(ChunkTest, TheFirstSparseOneIsFoundAndNoDirtyOneTakenForIt) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  chunk.note_dirty(3);
  EXPECT_EQ(chunk.first_sparse(), chunk.size());
  for (const std::size_t index : {63u, 5u}) {
    chunk.mark_sparse(index);
    EXPECT_EQ(chunk.first_sparse(), index);
  }
  chunk.unmark_sparse(5);
  EXPECT_EQ(chunk.first_sparse(), 63u);
}

TEST_F(ChunkTest, NothingIsLeftOfADestroyedOne) {
  Chunk* chunk = create(4 * kMiB, 4 * kMiB);
  const std::uintptr_t base = address_of(chunk->address_of_block(0));
  const std::size_t index = take(*chunk, 1);
  ASSERT_TRUE(chunk->equip(*chunk->at(index), kMaxObjects, accounts_));
  chunk->strip(*chunk->at(index));
  chunk->give_back(index, 1);
  Chunk::destroy(chunk, *map_, accounts_);
  EXPECT_EQ(fake_os::reservations().size(), 1u) << "the page map";
  EXPECT_EQ(map_->block_fast(base), nullptr);
  EXPECT_EQ(accounts_.metadata_bytes.get(), 0u);
  EXPECT_EQ(accounts_.committed_bytes.get(), 0u);
  EXPECT_EQ(accounts_.reserved_bytes.get(), 0u);
}

TEST_F(ChunkTest, AVacantOneLivesAgain) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  chunk.vacate(*map_, accounts_);
  EXPECT_TRUE(chunk.is_vacant());
  EXPECT_EQ(take(chunk, 1), SIZE_MAX);
  ASSERT_TRUE(chunk.revive(*map_, accounts_));
  const std::size_t index = take(chunk, 3);
  ASSERT_EQ(index, 0u);
  ASSERT_TRUE(chunk.equip(*chunk.at(index), kMaxObjects, accounts_));
  std::memset(chunk.address_of_block(0), 1, 3 * kBlockSize);
}

TEST_F(ChunkTest, ARevivedOneHasNoClosedBlocks) {
  Chunk& chunk = *create(4 * kMiB, 4 * kMiB);
  take(chunk, 4);
  chunk.close(1, 1);
  EXPECT_TRUE(chunk.is_closed(1));
  chunk.give_back(0, 4);
  chunk.vacate(*map_, accounts_);
  ASSERT_TRUE(chunk.revive(*map_, accounts_));
  take(chunk, 4);
  chunk.close(3, 1);
  EXPECT_FALSE(chunk.is_closed(1));
}

TEST_F(ChunkTest, ARefusedBitmapChangesNothing) {
  Chunk& chunk = *create(kMiB, kMiB);
  Block& block = *chunk.take(1, 1, 1, accounts_).block;
  fake_os::refuse(Call::commit);
  EXPECT_FALSE(chunk.equip(block, kMaxObjects, accounts_));
  fake_os::allow(Call::commit);
  EXPECT_TRUE(chunk.equip(block, kMaxObjects, accounts_));
}

}  // namespace
}  // namespace neap
