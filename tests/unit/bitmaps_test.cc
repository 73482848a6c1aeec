#include "pages/bitmaps.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace neap {
namespace {

class BitmapsTest : public testing::Test {
 protected:
  static constexpr std::size_t kBlocks = 64;

  BitmapsTest() : used_(Bitmaps::used_words(kBlocks)) { bitmaps_.open(store_, used_.data()); }

  // Takes a bitmap of so many lines. Returns where it lies, in lines from the beginning of the store.
  std::size_t take(std::size_t lines) {
    const bits::Word* bitmap = bitmaps_.take(lines);
    return (address_of(bitmap) - address_of(store_)) / kCacheLine;
  }
  void give(std::size_t line, std::size_t lines) {
    bitmaps_.give(reinterpret_cast<bits::Word*>(store_ + line * kCacheLine), lines);
  }

  alignas(kPageSize) char store_[Bitmaps::store_bytes(kBlocks)];
  std::vector<bits::Word> used_;
  Bitmaps bitmaps_;
};

TEST_F(BitmapsTest, LinesArePowersOfTwo) {
  EXPECT_EQ(Bitmaps::lines_for(129), 1u);
  EXPECT_EQ(Bitmaps::lines_for(512), 1u);
  EXPECT_EQ(Bitmaps::lines_for(513), 2u);
  EXPECT_EQ(Bitmaps::lines_for(1365), 4u);
  EXPECT_EQ(Bitmaps::lines_for(kMaxObjects), Bitmaps::kMaxLines);
}

TEST_F(BitmapsTest, TheLowestPlaceAtAMultipleOfTheLength) {
  EXPECT_EQ(take(1), 0u);
  EXPECT_EQ(take(16), 16u);
  EXPECT_EQ(take(2), 2u);
  EXPECT_EQ(take(1), 1u);
  EXPECT_EQ(take(8), 8u);
  EXPECT_EQ(take(4), 4u);
  EXPECT_EQ(take(1), 32u);
  give(8, 8);
  EXPECT_EQ(take(16), 48u);
  EXPECT_EQ(take(4), 8u);
}

TEST_F(BitmapsTest, AWholePageFilledGoesOnInTheNext) {
  for (std::size_t i = 0; i < bits::kWordBits; ++i) EXPECT_EQ(take(1), i);
  EXPECT_EQ(take(16), 64u);
  give(63, 1);
  give(62, 1);
  EXPECT_EQ(take(4), 80u);
  EXPECT_EQ(take(2), 62u);
}

TEST_F(BitmapsTest, WrittenPagesBehindTheLastBitmapAreForgottenOnce) {
  for (std::size_t i = 0; i < 3 * bits::kWordBits; ++i) take(1);
  EXPECT_EQ(bitmaps_.forget_unused().bytes, 0u);
  for (std::size_t i = 1; i < 3 * bits::kWordBits; ++i) give(i, 1);
  const Bitmaps::Unused unused = bitmaps_.forget_unused();
  EXPECT_EQ(unused.begin, store_ + kPageSize);
  EXPECT_EQ(unused.bytes, 2 * kPageSize);
  EXPECT_EQ(bitmaps_.forget_unused().bytes, 0u);
}

// A block has at most one bitmap. In whatever order bitmaps come and go, 16 lines for each block are enough for all,
// and no two overlap.
TEST_F(BitmapsTest, SixteenLinesForEachBlockAreEnough) {
  struct Piece {
    std::size_t line, lines;
  };
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<Piece> pieces;
    std::vector<bool> taken(kBlocks * Bitmaps::kMaxLines);
    for (std::size_t step = 0; step < 2000; ++step) {
      const std::size_t lines = std::size_t{1} << (step / 200 + random() % 2) % 5;  // by phases
      if (pieces.size() == kBlocks || (!pieces.empty() && random() % 3 == 0)) {
        std::swap(pieces[random() % pieces.size()], pieces.back());
        const Piece gone = pieces.back();
        pieces.pop_back();
        give(gone.line, gone.lines);
        std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(gone.line), gone.lines, false);
        continue;
      }
      const std::size_t line = take(lines);
      ASSERT_LE(line + lines, taken.size()) << "seed " << seed;
      ASSERT_EQ(line % lines, 0u);
      for (std::size_t i = line; i < line + lines; ++i) {
        ASSERT_FALSE(taken[i]) << "seed " << seed;
        taken[i] = true;
      }
      pieces.push_back({line, lines});
    }
    for (const Piece& piece : pieces) give(piece.line, piece.lines);
  }
  for (const bits::Word word : used_) EXPECT_EQ(word, 0u);
}

}  // namespace
}  // namespace neap
