// How many mappings a chunk counts, against a system that keeps them: one that joins two only where it may.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "fake_os.h"
#include "pages/chunk.h"

namespace neap {
namespace {

class OpeningsTest : public testing::Test {
 protected:
  OpeningsTest() { fake_os::reset(); }
  ~OpeningsTest() override { fake_os::reset(); }

  Chunk& create(Spacing spacing) {
    Chunk* chunk = Chunk::create(kBlocks * kBlockSize, kBlocks * kBlockSize, *map_, accounts_, kBlockSize, {0, false},
                                 {&mappings_, spacing});
    memory_.assign(kBlocks, 0);
    return *chunk;
  }
  // Opens blocks, none of which is open. Memory that is opened alone is unlike any other.
  void open(Chunk& chunk, std::size_t first, std::size_t count) {
    ASSERT_TRUE(chunk.make_usable(first, count, accounts_));
    const std::size_t end = first + count;
    const int below = joinable(first > 0 ? memory_[first - 1] : 0), above = joinable(end < kBlocks ? memory_[end] : 0);
    const int joins = below != 0 ? below : above != 0 ? above : ++last_;
    for (std::size_t i = first; i < end; ++i) memory_[i] = joins;
  }
  void close(Chunk& chunk, std::size_t first, std::size_t count) {
    chunk.close(first, count);
    for (std::size_t i = first; i < first + count; ++i) memory_[i] = 0;
  }
  int joinable(int memory) const { return memory > inherited_ ? memory : 0; }
  void fork(Chunk& chunk) {
    chunk.inherit();
    inherited_ = last_;
  }
  // The boundaries between the mappings of such a system.
  std::size_t boundaries() const {
    std::size_t all = 0;
    for (std::size_t i = 1; i < kBlocks; ++i) all += std::size_t{memory_[i] != memory_[i - 1]};
    return all;
  }

  static constexpr std::size_t kBlocks = 200;
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  Accounts accounts_;
  Mappings mappings_;
  std::vector<int> memory_;  // of each block: 0 where it is closed; the same where two were one mapping at any time
  int last_ = 0, inherited_ = 0;
};

TEST_F(OpeningsTest, AnOpenBlockAmongClosedOnesIsTwo) {
  Chunk& chunk = create(kOwnGuards);
  EXPECT_EQ(chunk.mapped(), 0u);
  open(chunk, 5, 1);
  EXPECT_EQ(chunk.mapped(), 2u);
  open(chunk, 8, 3);
  EXPECT_EQ(chunk.mapped(), 4u);
  close(chunk, 9, 1);
  EXPECT_EQ(chunk.mapped(), 6u);
  close(chunk, 8, 3);
  EXPECT_EQ(chunk.mapped(), 2u);
  EXPECT_EQ(mappings_.count(), 2u);
}

TEST_F(OpeningsTest, WhatWasOneMappingBecomesOneAgainAndOthersDoNot) {
  Chunk& chunk = create(kOwnGuards);
  open(chunk, 4, 5);
  close(chunk, 6, 1);
  EXPECT_EQ(chunk.mapped(), 4u);
  open(chunk, 6, 1);
  EXPECT_EQ(chunk.mapped(), 2u);
  open(chunk, 10, 1);
  open(chunk, 9, 1);
  EXPECT_EQ(chunk.mapped(), 3u) << "two that had memory meet";
  close(chunk, 9, 2);
  EXPECT_EQ(chunk.mapped(), 2u);
}

TEST_F(OpeningsTest, WhatAChildInheritsIsJoinedWithNothing) {
  Chunk& chunk = create(kUnguarded);
  open(chunk, 0, 100);
  fork(chunk);
  close(chunk, 40, 1);
  open(chunk, 40, 1);
  EXPECT_EQ(chunk.mapped(), 3u);
  close(chunk, 60, 4);
  mappings_.add(Mappings::kMost - 5);
  ASSERT_TRUE(chunk.make_usable(60, 1, accounts_));
  EXPECT_EQ(mappings_.count(), Mappings::kMost);
  EXPECT_TRUE(chunk.is_open(63));
}

// A run can begin with open blocks, and end in the middle of closed ones.
TEST_F(OpeningsTest, NorIsTheEndOfARunThatBeginsWithIt) {
  Chunk& chunk = create(kUnguarded);
  open(chunk, 0, 100);
  fork(chunk);
  close(chunk, 20, 2);
  close(chunk, 60, 4);
  mappings_.add(Mappings::kMost - 5);
  ASSERT_TRUE(chunk.make_usable(19, 42, accounts_));
  EXPECT_EQ(mappings_.count(), Mappings::kMost);
  EXPECT_TRUE(chunk.is_open(63));
}

TEST_F(OpeningsTest, SlabsThatShareGuardsAreOpenedTogether) {
  Chunk& chunk = create(16);
  for (std::size_t i = 0; i < 16; ++i) {
    const Chunk::Taken taken = chunk.take(1, 1, 1, accounts_);
    EXPECT_EQ(chunk.index_of(taken.block), 1 + i);
    EXPECT_EQ(mappings_.count(), 2u);
  }
  EXPECT_FALSE(chunk.has_open_place());
  EXPECT_EQ(chunk.index_of(chunk.take(1, 1, 1, accounts_).block), 18u);
  EXPECT_TRUE(chunk.has_open_place());
  EXPECT_EQ(mappings_.count(), 4u);
  for (const std::size_t guard : {std::size_t{0}, std::size_t{17}, std::size_t{34}}) {
    EXPECT_TRUE(chunk.is_never_taken(guard));
    EXPECT_FALSE(chunk.is_free(guard));
    EXPECT_FALSE(chunk.is_open(guard));
  }
}

TEST_F(OpeningsTest, WhereNoneAreLeftWhatIsOpenedAdjoinsOpenMemory) {
  Chunk& chunk = create(kUnguarded);
  ASSERT_TRUE(chunk.make_usable(0, 100, accounts_));
  chunk.close(20, 40);
  EXPECT_EQ(mappings_.count(), 3u);
  mappings_.add(Mappings::kMost - 3);
  ASSERT_TRUE(chunk.make_usable(50, 2, accounts_));
  EXPECT_EQ(mappings_.count(), Mappings::kMost);
  EXPECT_TRUE(chunk.is_open(20));
  EXPECT_TRUE(chunk.is_closed(52));
}

TEST_F(OpeningsTest, AChunkThatGoesTakesItsMappingsAlong) {
  Chunk& chunk = create(kOwnGuards);
  open(chunk, 5, 1);
  open(chunk, 7, 1);
  chunk.vacate(*map_, accounts_);
  EXPECT_EQ(mappings_.count(), 0u);
}

TEST_F(OpeningsTest, NeverFewerThanTheSystemKeeps) {
  std::mt19937_64 random(7);
  for (const Spacing spacing : {kOwnGuards, kUnguarded}) {
    Chunk& chunk = create(spacing);
    ASSERT_TRUE(chunk.make_usable(0, kBlocks, accounts_));
    chunk.close(0, kBlocks);
    for (int step = 0; step < 5000; ++step) {
      const std::size_t first = random() % kBlocks, longest = 1 + random() % 6;
      const bool is_open = memory_[first] != 0;
      std::size_t count = 1;
      while (count < longest && first + count < kBlocks && (memory_[first + count] != 0) == is_open) ++count;
      is_open ? close(chunk, first, count) : open(chunk, first, count);
      if (random() % 500 == 0) fork(chunk);
      ASSERT_GE(chunk.mapped(), boundaries());
    }
    close(chunk, 0, kBlocks);
    EXPECT_EQ(chunk.mapped(), 0u);
    Chunk::destroy(&chunk, *map_, accounts_);
  }
  EXPECT_EQ(mappings_.count(), 0u);
}

}  // namespace
}  // namespace neap
