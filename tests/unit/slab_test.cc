#include "slabs/slab.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace neap {
namespace {

// A slab that nothing was reserved for: its functions compute addresses and touch none.
class SlabTest : public testing::Test {
 protected:
  explicit SlabTest(std::size_t c) : row_(kClasses[c]) {
    block_.id = static_cast<BlockId>(0x1234);
    block_.free_bits = words_.data();
    slab::init(block_, row_);
  }
  std::vector<std::uint32_t> take(std::uint32_t want) {
    std::vector<void*> out(want);
    std::uint32_t got = 0;
    while (got < want && block_.free_count > 0) got += slab::take(block_, row_, out.data() + got, want - got, touched_);
    std::vector<std::uint32_t> indexes;
    for (std::uint32_t i = 0; i < got; ++i) {
      indexes.push_back(static_cast<std::uint32_t>((static_cast<char*>(out[i]) - block_.address()) / row_.size));
    }
    return indexes;
  }
  // Pages as a string: 'x' resident, 'd' resident and dirty, 'r' released, '.' behind the last object and never
  // touched.
  std::string drawn() const {
    std::string pages;
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      const bool resident = (block_.resident >> page) & 1, dirty = (block_.dirty >> page) & 1;
      pages += dirty ? 'd' : resident ? 'x' : page * kPageSize < row_.size * row_.capacity ? 'r' : '.';
    }
    return pages;
  }
  // How many objects that overlap the page are taken.
  std::uint32_t live_over(std::uint32_t page) const {
    const std::uint32_t begin = page << kPageShift, end = begin + static_cast<std::uint32_t>(kPageSize);
    std::uint32_t live = 0;
    for (std::uint32_t i = 0; i < row_.capacity; ++i) {
      if (i * row_.size < end && (i + 1) * row_.size > begin && !slab::is_free(block_, i)) ++live;
    }
    return live;
  }
  bool page_is_free(std::uint32_t page) const { return live_over(page) == 0; }
  void give(std::uint32_t index) {
    EXPECT_TRUE(slab::give(block_, index));
    note_emptied(slab::leave_pages(block_, row_, index * row_.size));
  }
  void note_emptied(std::uint32_t pages) {
    EXPECT_EQ(pages & block_.dirty, 0u) << "a page was free before";
    block_.dirty = static_cast<PageMask>(block_.dirty | slab::free_system_pages(block_, pages));
  }

  void* object(std::uint32_t index) const { return block_.address() + std::size_t{index} * row_.size; }
  // Gives many objects back at once.
  void give_together(const std::vector<std::uint32_t>& indexes) {
    std::vector<void*> objects;
    for (const std::uint32_t index : indexes) objects.push_back(object(index));
    const std::uint32_t count = static_cast<std::uint32_t>(objects.size());
    const slab::Given given = slab::give_together(block_, row_, objects.data(), count);
    EXPECT_EQ(given.count, count);
    note_emptied(given.emptied);
  }

  const ClassRow& row_;
  Block block_{};
  std::array<bits::Word, kMaxObjects / bits::kWordBits> words_{};
  Touched touched_;
};

class EveryClass : public SlabTest, public testing::WithParamInterface<std::size_t> {
 protected:
  EveryClass() : SlabTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Slab, EveryClass, testing::Range(std::size_t{0}, kClassCount),
                         [](const auto& c) { return std::to_string(class_size(c.param)) + "_bytes"; });

TEST_P(EveryClass, TakesAllObjectsLowestFirst) {
  std::uint32_t next = 0;
  for (std::uint32_t want = 1; block_.free_count > 0; want = want % 7 + 1) {
    const std::vector<std::uint32_t> got = take(want);
    ASSERT_FALSE(got.empty());
    for (const std::uint32_t index : got) ASSERT_EQ(index, next++);
  }
  EXPECT_EQ(next, row_.capacity);
  EXPECT_TRUE(take(3).empty());
}

TEST_P(EveryClass, TakesOneByOneTheLowest) {
  for (std::uint32_t next = 0; next < row_.capacity; ++next) {
    ASSERT_EQ(slab::take_one(block_, row_, touched_), object(next));
    ASSERT_FALSE(slab::is_free(block_, next));
  }
  EXPECT_EQ(block_.free_count, 0u);
  const std::uint32_t last = row_.capacity - 1u;
  give(last);
  EXPECT_EQ(slab::take_one(block_, row_, touched_), object(last));
}

TEST_P(EveryClass, TakingTouchesExactlyThePagesUnderTheObjects) {
  for (std::uint32_t i = 0; i < row_.capacity; ++i) {
    const PageMask before = block_.resident;
    take(1);
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      const bool under = i * row_.size < (page + 1) << kPageShift && (i + 1) * row_.size > page << kPageShift;
      ASSERT_EQ((block_.resident >> page) & 1, under || ((before >> page) & 1)) << "object " << i << " page " << page;
    }
  }
  EXPECT_EQ(touched_.became_resident, pages_of(std::size_t{row_.size} * row_.capacity));
}

// Takes and gives at random; the lowest objects come first, and dirty is exactly the resident pages without a live
// object.
TEST_P(EveryClass, AgreesWithABruteForceModel) {
  std::mt19937 random(static_cast<unsigned>(row_.size));
  std::set<std::uint32_t> free;
  for (std::uint32_t i = 0; i < row_.capacity; ++i) free.insert(i);
  std::vector<std::uint32_t> live;
  for (int step = 0; step < 300; ++step) {
    const bool mostly_take = step / 60 % 2 == 0;
    if (random() % 4 < (mostly_take ? 3u : 1u)) {
      for (const std::uint32_t index : take(1 + static_cast<std::uint32_t>(random()) % (row_.capacity / 8 + 1))) {
        ASSERT_EQ(index, *free.begin());
        free.erase(free.begin());
        live.push_back(index);
      }
    } else {
      std::vector<std::uint32_t> freed;
      for (std::size_t n = live.size() / 6 + 1; n > 0 && !live.empty(); --n) {
        std::swap(live[random() % live.size()], live.back());
        freed.push_back(live.back());
        free.insert(live.back());
        live.pop_back();
      }
      if (random() % 2 == 0) {
        give_together(freed);
      } else {
        for (const std::uint32_t index : freed) give(index);
      }
    }
    ASSERT_EQ(block_.free_count, free.size());
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      const bool resident = (block_.resident >> page) & 1;
      ASSERT_EQ((block_.dirty >> page) & 1, resident && page_is_free(page)) << "step " << step << " page " << page;
      ASSERT_EQ(block_.live[page], live_over(page)) << "step " << step << " page " << page;
    }
  }
}

// Giving together ends at what lies elsewhere, begins no object or is free already. What comes before it is given.
TEST_P(EveryClass, GivingTogetherEndsBeforeWhatIsNoLiveObject) {
  take(3);
  if (row_.capacity < 4) return;
  void* const wrong[] = {static_cast<char*>(object(1)) + 4, object(0), object(row_.capacity - 1),
                         block_.address() + kBlockSize, block_.address() - kBlockSize};
  for (void* const end : wrong) {
    void* const objects[] = {object(0), end, object(1)};
    const slab::Given given = slab::give_together(block_, row_, objects, 3);
    EXPECT_EQ(given.count, 1u);
    EXPECT_EQ(block_.live[0], live_over(0));
    EXPECT_EQ(slab::give_together(block_, row_, objects, 1).count, 0u) << "it is free by now";
    EXPECT_EQ(take(1).front(), 0u);
  }
}

TEST_P(EveryClass, SetAsideAndRestoreAreInverse) {
  std::mt19937 random(static_cast<unsigned>(row_.size));
  std::vector<std::uint32_t> live = take(row_.capacity);
  for (const std::uint32_t index : live) {
    if (random() % 64 != 0) give(index);
  }
  const auto before = words_;
  const std::uint16_t count = block_.free_count;
  const PageMask mask = block_.dirty;
  const std::uint32_t aside = slab::set_aside(block_, row_, mask);
  block_.aside = mask;
  EXPECT_EQ(block_.free_count + aside, count);
  for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
    if (((mask >> page) & 1) && page * kPageSize < row_.size * row_.capacity) {
      EXPECT_FALSE(page_is_free(page));
    }
  }
  const std::vector<std::uint32_t> taken = take(block_.free_count);
  EXPECT_EQ(block_.dirty & mask, mask) << "an object on a page set aside was handed out";
  for (const std::uint32_t index : taken) EXPECT_TRUE(slab::give(block_, index));
  slab::restore(block_, row_, mask);
  EXPECT_EQ(words_, before);
  EXPECT_EQ(block_.free_count, count);
  if (count > 0) {
    EXPECT_FALSE(take(1).empty());
  }
}

TEST_P(EveryClass, NoneIsTakenWhereNoneIsWantedOrFree) {
  void* out[1];
  EXPECT_EQ(slab::take(block_, row_, out, 0, touched_), 0u);
  take(row_.capacity);
  EXPECT_EQ(slab::take(block_, row_, out, 1, touched_), 0u);
}

// A batch ends with the first object's page, or with the cache lines that its last object shares with the next page.
TEST_P(EveryClass, ABatchReachesToTheEndOfItsPage) {
  std::vector<void*> out(row_.capacity);
  std::uint32_t expected = 1;
  for (std::uint32_t at = row_.size; at < kPageSize; at += row_.size) ++expected;
  while (row_.size < kCacheLine && expected * row_.size % kCacheLine != 0) ++expected;
  EXPECT_EQ(slab::take(block_, row_, out.data(), row_.capacity, touched_), expected);
}

class Pages512 : public SlabTest {
 protected:
  Pages512() : SlabTest(static_cast<std::size_t>(class_of(512))) {}
};

TEST_F(Pages512, AreDrawn) {
  EXPECT_EQ(drawn(), "rrrrrrrrrrrrrrrr");
  take(8 * 3);
  EXPECT_EQ(drawn(), "xxxrrrrrrrrrrrrr");
  for (std::uint32_t i = 8; i < 15; ++i) give(i);
  EXPECT_EQ(drawn(), "xxxrrrrrrrrrrrrr");
  give(15);
  EXPECT_EQ(drawn(), "xdxrrrrrrrrrrrrr");
  block_.resident = static_cast<PageMask>(block_.resident & ~2u);
  block_.dirty = 0;
  EXPECT_EQ(drawn(), "xrxrrrrrrrrrrrrr");
  take(1);
  EXPECT_EQ(drawn(), "xxxrrrrrrrrrrrrr");
}

class PagesStraddled : public SlabTest {
 protected:
  PagesStraddled() : SlabTest(static_cast<std::size_t>(class_of(3 * 1024))) {}
};

TEST_F(PagesStraddled, FallFreeWithTheLastObjectOverThem) {
  take(4);  // pages 0-2; objects 1 and 2 straddle
  EXPECT_EQ(drawn(), "xxxrrrrrrrrrrrrr");
  give(0);
  EXPECT_EQ(drawn(), "xxxrrrrrrrrrrrrr");
  give(1);
  EXPECT_EQ(drawn(), "dxxrrrrrrrrrrrrr");
  give(2);
  EXPECT_EQ(drawn(), "ddxrrrrrrrrrrrrr");
  give(3);
  EXPECT_EQ(drawn(), "dddrrrrrrrrrrrrr");
}

TEST(SlabRuns, EachRunIsMaximal) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> runs;
  each_run(0b1011100000000111, [&](std::uint32_t first, std::uint32_t pages) { runs.emplace_back(first, pages); });
  EXPECT_EQ(runs, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 3}, {11, 3}, {15, 1}}));
  runs.clear();
  each_run(0xffff, [&](std::uint32_t first, std::uint32_t pages) { runs.emplace_back(first, pages); });
  EXPECT_EQ(runs, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 16}}));
}

}  // namespace
}  // namespace neap
