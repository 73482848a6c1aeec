// Which sizes of large objects get huge pages: those whose like were seen to be written whole.
#include "large/density.h"

#include <gtest/gtest.h>

#include <cstring>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;
constexpr std::size_t kObjectSize = 6 * kMiB + 3 * kPageSize;

class DensityTest : public testing::Test {
 protected:
  enum class Use { whole, beginning, every_fourth_page };

  // An object's life. Tells where huge pages were asked for in it.
  std::vector<fake_os::Range> live(std::size_t size, Use use) {
    const std::size_t before = fake_os::huge_ranges().size();
    char* object = static_cast<char*>(rig_.allocate(nullptr, size));
    switch (use) {
      case Use::whole:
        std::memset(object, 1, size);
        break;
      case Use::beginning:
        std::memset(object, 1, 2 * kMiB);
        break;
      case Use::every_fourth_page:
        for (std::size_t at = 0; at < size; at += 4 * kPageSize) object[at] = 1;
    }
    rig_.free(nullptr, object);
    auto ranges = fake_os::huge_ranges();
    ranges.erase(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(before));
    return ranges;
  }
  std::size_t with_huge_pages(int lives, std::size_t size, Use use) {
    std::size_t count = 0;
    for (int i = 0; i < lives; ++i) count += live(size, use).size();
    return count;
  }

  Rig rig_;
};

TEST_F(DensityTest, NeedsTwoObjectsWrittenWhole) {
  EXPECT_TRUE(live(kObjectSize, Use::whole).empty());
  EXPECT_TRUE(live(kObjectSize, Use::whole).empty());
  const auto ranges = live(kObjectSize, Use::whole);
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(address_of(ranges[0].begin) % kHugePageSize, 0u);
  EXPECT_EQ(ranges[0].size, 6 * kMiB) << "only huge pages that lie wholly inside the object";
  rig_.expect_in_order();
}

TEST_F(DensityTest, OneSparseObjectDecidesNothing) {
  live(kObjectSize, Use::every_fourth_page);
  EXPECT_EQ(with_huge_pages(2, kObjectSize, Use::whole), 0u);
  EXPECT_EQ(live(kObjectSize, Use::whole).size(), 1u);
}

TEST_F(DensityTest, GivesNoneToSparseObjects) {
  EXPECT_EQ(with_huge_pages(100, kObjectSize, Use::every_fourth_page), 0u);
  const auto looks = fake_os::calls(Call::which_written);
  EXPECT_LE(looks, 4u * (2 + 100 / 16 + 1)) << "a size that is known to be sparse is looked at now and then only";
}

TEST_F(DensityTest, AnObjectOfWhichOnlyTheBeginningIsUsedIsDense) {
  EXPECT_GT(with_huge_pages(20, kObjectSize, Use::beginning), 10u);
}

TEST_F(DensityTest, LooksAgainAndChangesItsMind) {
  EXPECT_GE(with_huge_pages(100, kObjectSize, Use::whole), 90u);
  EXPECT_LE(with_huge_pages(100, kObjectSize, Use::every_fourth_page), 32u);
  EXPECT_EQ(with_huge_pages(100, kObjectSize, Use::every_fourth_page), 0u);
  EXPECT_GT(with_huge_pages(200, kObjectSize, Use::whole), 100u);
}

TEST_F(DensityTest, TellsSizesApart) {
  with_huge_pages(4, kObjectSize, Use::whole);
  EXPECT_EQ(with_huge_pages(2, 2 * kObjectSize, Use::whole), 0u);
  EXPECT_EQ(with_huge_pages(2, 4 * kMiB, Use::whole), 0u) << "of the same doubling";
  EXPECT_EQ(with_huge_pages(1, kObjectSize + 100 * kPageSize, Use::whole), 1u) << "of the same eighth of it";
}

TEST_F(DensityTest, OneInSixteenOfADenseSizeIsLookedAtAgain) {
  with_huge_pages(2, kObjectSize, Use::whole);
  EXPECT_EQ(with_huge_pages(32, kObjectSize, Use::whole), 30u);
}

TEST_F(DensityTest, EachHugePageIsAskedAboutOrAtMost32OfThem) {
  struct Case {
    std::size_t size;
    std::uint64_t looks;
  };
  for (const Case& each : {Case{8 * kMiB, 4}, Case{64 * kMiB, 32}, Case{66 * kMiB, 17}, Case{130 * kMiB, 22}}) {
    const std::uint64_t before = fake_os::calls(Call::which_written);
    live(each.size, Use::beginning);
    EXPECT_EQ(fake_os::calls(Call::which_written) - before, each.looks) << each.size;
  }
}

TEST_F(DensityTest, NothingBelowAHugePage) {
  EXPECT_EQ(with_huge_pages(20, 2 * kMiB - kPageSize, Use::whole), 0u);
  EXPECT_EQ(fake_os::calls(Call::which_written), 0u);
}

// Pages that an object found dirty could be garbage that it never wrote to.
TEST_F(DensityTest, GarbageIsNotTakenForWritten) {
  rig_.keep_dirty_pages();
  std::memset(rig_.allocate(nullptr, kPageSize), 1, kPageSize);
  for (int i = 0; i < 4; ++i) {
    void* whole = rig_.allocate(nullptr, 2 * kObjectSize);
    std::memset(whole, 1, 2 * kObjectSize);
    rig_.free(nullptr, whole);
    EXPECT_TRUE(live(kObjectSize, Use::every_fourth_page).empty());
  }
}

// Tor's sandbox refuses the question: nothing is known then, and nothing is done.
TEST_F(DensityTest, ARefusedLookTeachesNothing) {
  fake_os::refuse(Call::which_written);
  EXPECT_EQ(with_huge_pages(20, kObjectSize, Use::whole), 0u);
}

TEST_F(DensityTest, AnOptionTurnsItOff) {
  rig_.heap.options.huge_pages = 0;
  EXPECT_EQ(with_huge_pages(20, kObjectSize, Use::whole), 0u);
  EXPECT_EQ(fake_os::calls(Call::which_written), 0u);
}

// A huge page does not go back in parts. So such an object goes back whole and at once. The request for huge pages ends
// with it, as slabs may come to lie at its addresses.
TEST_F(DensityTest, GoesBackAtOnceAndLeavesNoRequestBehind) {
  with_huge_pages(2, kObjectSize, Use::whole);
  rig_.keep_dirty_pages();
  const auto forbidden = fake_os::calls(Call::forbid_huge_pages), discarded = fake_os::discards().size();
  ASSERT_EQ(live(kObjectSize, Use::whole).size(), 1u);
  EXPECT_EQ(fake_os::calls(Call::forbid_huge_pages), forbidden + 1);
  EXPECT_EQ(fake_os::discards().size(), discarded + 1);
}

// mremap moves one mapping. So the whole object has to be one before it is resized.
TEST_F(DensityTest, ResizingTakesTheRequestBackFirst) {
  with_huge_pages(2, kObjectSize, Use::whole);
  void* object = rig_.allocate(nullptr, kObjectSize);
  ASSERT_TRUE(rig_.block(object).large.huge);
  object = rig_.reallocate(nullptr, object, 3 * kObjectSize);
  EXPECT_FALSE(rig_.block(object).large.huge);
  rig_.free(nullptr, object);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
