// Where a large object's run lies so that most of its blocks are dirty.
#include "pages/dirty_fit.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/units.h"

namespace neap {
namespace {

constexpr std::size_t kNone = SIZE_MAX;

// A chunk of blocks, one letter each: 'u' used, 'd' dirty, '.' clean.
class Blocks {
 public:
  explicit Blocks(const std::string& blocks)
      : text_(blocks), words_(FreeRuns::words(blocks.size())), dirty_(blocks.size() / bits::kWordBits + 1) {
    runs_.open(words_.data(), blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] == 'u') runs_.take(i, 1);
      if (blocks[i] == 'd') bits::set(dirty_.data(), i);
    }
  }
  bool improves(DirtyFit& fit) const { return fit.look_at(runs_, dirty_.data(), 0, text_.size()); }
  std::size_t place(std::size_t blocks, std::size_t used) const {
    DirtyFit fit(blocks, used);
    return improves(fit) ? fit.place() : kNone;
  }
  std::size_t place(std::size_t blocks) const { return place(blocks, blocks); }
  std::size_t dirty_in(std::size_t first, std::size_t count) const {
    return static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(first),
                                               text_.begin() + static_cast<std::ptrdiff_t>(first + count), 'd'));
  }
  bool are_free(std::size_t first, std::size_t count) const { return runs_.are_free(first, count); }

 private:
  std::string text_;
  std::vector<bits::Word> words_, dirty_;
  FreeRuns runs_;
};

std::string times(std::size_t count, const std::string& what) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += what;
  return all;
}

TEST(DirtyFitTest, TakesTheMostDirtyBlocksNotTheLowest) {
  EXPECT_EQ(Blocks("ud...uddd.u.").place(4), 6u);
  EXPECT_EQ(Blocks("udddduddduu").place(3), 6u) << "of equal ones the one that fits";
  EXPECT_EQ(Blocks("u...udu").place(1), 5u);
}

TEST(DirtyFitTest, BeginsBelowDirtyBlocksThatEndAtAUsedOne) {
  EXPECT_EQ(Blocks("u.....dduu").place(4), 4u);
  EXPECT_EQ(Blocks("u..dd..uu").place(6), 1u);
}

TEST(DirtyFitTest, ReachesOverCleanBlocksBetweenDirtyOnes) { EXPECT_EQ(Blocks("udd.u..d.dd.dd..").place(7), 7u); }

TEST(DirtyFitTest, FindsNoneWhereNothingIsDirtyOrFits) {
  EXPECT_EQ(Blocks("u....").place(2), kNone);
  EXPECT_EQ(Blocks("dudud").place(2), kNone);
  EXPECT_EQ(Blocks("dd").place(3), kNone);
}

TEST(DirtyFitTest, APageOrTwoDrawNoLargeObject) {
  EXPECT_EQ(Blocks(times(40, "..") + "dd" + times(40, ".")).place(16), kNone);
  EXPECT_EQ(Blocks(times(40, "..") + "ddd" + times(40, ".")).place(16), 80u);
}

// Of an object that may grow, only the blocks that it uses have to be dirty. All of its room has to be free.
TEST(DirtyFitTest, HeadroomMayBeClean) {
  EXPECT_EQ(Blocks("uddddu..dd......").place(6, 2), 8u);
  EXPECT_EQ(Blocks("uddddudd...u").place(8, 2), kNone);
}

TEST(DirtyFitTest, TheBestOfSeveralChunksIsTold) {
  const Blocks first("udd..u"), second("uddduu"), third("uddd.u");
  DirtyFit fit(3, 3);
  EXPECT_TRUE(first.improves(fit));
  EXPECT_TRUE(second.improves(fit));
  EXPECT_EQ(fit.place(), 1u);
  EXPECT_FALSE(third.improves(fit)) << "none is better than one that is used up";
}

// In heaps of any shape, the place that is found is free, and no other place has more dirty blocks.
TEST(DirtyFitTest, NothingBetterLiesAtAnyStretch) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    while (text.size() < 200) text += times(1 + random() % 9, std::string(1, "ud."[random() % 3]));
    const std::size_t blocks = 4 + random() % 20;
    const Blocks heap(text);
    const std::size_t place = heap.place(blocks), found = place == kNone ? blocks / 8 : heap.dirty_in(place, blocks);
    if (place != kNone) {
      ASSERT_TRUE(heap.are_free(place, blocks)) << text;
    }
    for (std::size_t at = 0; at + blocks <= text.size(); ++at) {
      if (heap.are_free(at, blocks)) {
        ASSERT_LE(heap.dirty_in(at, blocks), found) << text << " " << blocks << " " << at;
      }
    }
  }
}

// A heap with dirty blocks everywhere costs no more than a small one: what lies far up is not found.
TEST(DirtyFitTest, LooksAtABoundedNumberOfStretches) {
  const std::string far = times(5000, "du") + times(16, "d");
  EXPECT_EQ(Blocks(far).place(16), kNone);
  EXPECT_EQ(Blocks(times(100, "du") + times(16, "d")).place(16), 200u);
}

TEST(DirtyFitTest, NothingIsLookedForFurtherThan16GiBAboveTheLowest) {
  constexpr std::size_t kBlocksIn16GiB = (std::size_t{16} << 30) / kBlockSize;
  EXPECT_EQ(Blocks("du" + times(kBlocksIn16GiB - 4, ".") + "dd").place(2), kBlocksIn16GiB - 2);
  EXPECT_EQ(Blocks("du" + times(kBlocksIn16GiB - 2, ".") + "dd").place(2), kNone);
}

}  // namespace
}  // namespace neap
