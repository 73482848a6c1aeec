// One call brings all pages that an object lacks, where all objects like it are written whole, and only there.
#include "large/populate.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

std::size_t bytes_populated() {
  std::size_t all = 0;
  for (const auto& range : fake_os::populated()) all += range.size;
  return all;
}

class PopulateTest : public RigTest {
 protected:
  // For two seconds pages come back as fast as they go, so that there is slack from then on. Nothing is learned of the
  // objects that do this.
  void be_hot() {
    std::vector<char*> batch(24);
    for (int i = 0; i < 200; ++i) {
      time_ += 10 * kMillisecond;
      fake_os::set_time(time_);
      for (char*& object : batch) object = touched(200'000, 1);
      for (char* object : batch) rig_.free(nullptr, object);
    }
    rig_.heap.release_all();
  }
  char* touched(std::size_t size, std::size_t every) {
    char* object = static_cast<char*>(rig_.allocate(nullptr, size));
    for (std::size_t at = 0; at < size; at += every * kPageSize) object[at] = 1;
    return object;
  }
  // Makes and frees objects that find no dirty page. Returns the bytes that were populated for them.
  std::size_t lives(int count, std::size_t size, std::size_t every) {
    const std::size_t before = bytes_populated();
    for (int i = 0; i < count; ++i) {
      rig_.free(nullptr, touched(size, every));
      rig_.heap.release_all();
    }
    return bytes_populated() - before;
  }

  static constexpr std::size_t kSize = 254 * kPageSize, kOtherSize = 192 * kPageSize;
  static constexpr int kLearned = 6;
  std::uint64_t time_ = kMillisecond;
};

TEST_F(PopulateTest, PopulatesSizesThatWereWrittenWholeSixTimes) {
  be_hot();
  EXPECT_EQ(lives(kLearned, kSize, 1), 0u);
  const std::size_t populated = lives(16, kSize, 1);
  EXPECT_GE(populated, 13 * kSize);
  EXPECT_LE(populated, 15 * kSize) << "now and then one is looked at again";
  EXPECT_EQ(lives(10, kOtherSize, 1), 3 * kOtherSize) << "others have to be seen first";
  rig_.expect_in_order();
}

TEST_F(PopulateTest, NothingIsPopulatedWhileTheHeapIsQuiet) {
  EXPECT_EQ(lives(40, kSize, 1), 0u);
  EXPECT_EQ(lives(40, 3 * kMiB, 1), 0u);
  EXPECT_EQ(fake_os::calls(Call::populate), 0u);
}

// Nothing is populated for objects that are touched here and there, nor for those of which only the beginning is used.
TEST_F(PopulateTest, NothingIsPopulatedThatWouldNotHaveBeenWritten) {
  be_hot();
  EXPECT_EQ(lives(60, kSize, 2), 0u);
  EXPECT_EQ(lives(60, 2 * kSize, 2 * kSize / kPageSize), 0u);
  EXPECT_EQ(fake_os::calls(Call::populate), 0u);
}

TEST_F(PopulateTest, OneSparseObjectEndsIt) {
  be_hot();
  EXPECT_GT(lives(30, kSize, 1), 0u);
  lives(16, kSize, 4);
  EXPECT_EQ(lives(40, kSize, 4), 0u);
  EXPECT_GT(lives(40, kSize, 1), 0u);
}

// Pages that an object found dirty tell nothing of it: they may hold garbage that it never wrote.
TEST_F(PopulateTest, GarbageIsNotTakenForWritten) {
  be_hot();
  for (int i = 0; i < 42; ++i) {
    rig_.free(nullptr, touched(2 * kSize, 1));
    char* object = touched(kSize, kSize / kPageSize);
    rig_.free(nullptr, object);
    rig_.heap.release_all();
  }
  EXPECT_EQ(lives(20, kSize, kSize / kPageSize), 0u);
}

TEST_F(PopulateTest, OnlyWhatIsLackedIsPopulatedAndContentsStay) {
  be_hot();
  lives(2 * kLearned, kSize, 1);
  rig_.free(nullptr, touched(kSize / 2, 1));
  const std::size_t before = bytes_populated();
  char* object = static_cast<char*>(rig_.allocate(nullptr, kSize, true));
  const std::size_t populated = bytes_populated() - before;
  EXPECT_EQ(populated, kSize - kSize / 2 / kPageSize * kPageSize);
  for (std::size_t at = 0; at < kSize; ++at) ASSERT_EQ(object[at], 0) << at;
  EXPECT_EQ(rig_.block(object).large.had, kSize / kPageSize);
  rig_.expect_in_order();
}

TEST_F(PopulateTest, ACallPopulatesAQuarterOfALargeObject) {
  be_hot();
  rig_.heap.options.huge_pages = 0;
  for (const std::size_t size : {2 * kMiB, 8 * kMiB, 40 * kMiB}) {
    lives(2 * kLearned, size, 1);
    const std::size_t before = bytes_populated();
    std::size_t most = 0;
    for (int i = 0; i < 4; ++i) {
      const std::size_t at = bytes_populated();
      rig_.free(nullptr, touched(size, 1));
      most = std::max(most, bytes_populated() - at);
      rig_.heap.release_all();
    }
    EXPECT_GT(bytes_populated(), before);
    EXPECT_EQ(most, std::clamp(size / 4, kMiB, 4 * kMiB));
  }
}

TEST_F(PopulateTest, ARefusalChangesNothing) {
  be_hot();
  lives(2 * kLearned, kSize, 1);
  fake_os::refuse(Call::populate);
  char* object = static_cast<char*>(rig_.allocate(nullptr, kSize));
  std::memset(object, 1, kSize);
  rig_.expect_in_order();
  rig_.free(nullptr, object);
  EXPECT_EQ(lives(20, kSize, 1), 0u);
  fake_os::allow(Call::populate);
  EXPECT_GT(lives(20, kSize, 1), 0u) << "it is the system's to say that it never will";
}

TEST(PopulatePiecesTest, PopulatesTheStretchesBetweenInOrder) {
  fake_os::reset();
  char* const begin = static_cast<char*>(os::reserve(kMiB, kPageSize));
  ASSERT_TRUE(os::commit(begin, kMiB));
  const auto page = [&](std::size_t i) { return begin + i * kPageSize; };
  Populate populate(begin, page(20), 10);
  populate.has(page(0), page(2));
  populate.has(page(6), page(7));
  populate.has(page(7), page(8));
  populate.has(page(18), page(30));
  populate.finish();
  EXPECT_EQ(populate.pages(), 10u);
  const auto ranges = fake_os::populated();
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].begin, page(2));
  EXPECT_EQ(ranges[0].size, 4 * kPageSize);
  EXPECT_EQ(ranges[1].begin, page(8));
  EXPECT_EQ(ranges[1].size, 6 * kPageSize) << "and no more than it may";
  fake_os::reset();
}

}  // namespace
}  // namespace neap
