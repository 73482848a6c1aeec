// One mixed block: what a slab's objects become, where new ones are placed, and what a plain array of granules says.
#include "mixed/mixed_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "slabs/slab.h"

namespace neap {
namespace {

class MixedBlockTest : public testing::Test {
 protected:
  MixedBlockTest() {
    block_.id = block_id_of(reinterpret_cast<void*>(std::uintptr_t{1} << 40));
    block_.free_bits = free_bits_;
    block_.mixed.begin_bits = begin_bits_;
  }

  // Makes a slab of objects of one size, of which those live whose index is a multiple of `keep`. Then adopts the slab.
  void adopt(std::size_t size, std::uint32_t keep) {
    const ClassRow& row = row_of(class_of(size));
    slab::init(block_, row);
    std::vector<void*> all(row.capacity);
    Touched touched;
    for (std::uint32_t got = 0; got < row.capacity;)
      got += slab::take(block_, row, all.data() + got, row.capacity - got, touched);
    for (std::uint32_t i = 0; i < row.capacity; ++i) {
      if (i % keep == 0) {
        live_[i * (row.size >> mixed::kGranuleShift)] = row.size >> mixed::kGranuleShift;
      } else {
        ASSERT_TRUE(slab::give(block_, i));
      }
    }
    const std::uint32_t used = mixed::adopt(block_, row);
    EXPECT_EQ(used, in_use());
  }
  std::uint32_t in_use() const {
    std::uint32_t granules = 0;
    for (const auto& [at, n] : live_) granules += n;
    return granules;
  }
  void* address(std::uint32_t granule) { return block_.address() + (std::size_t{granule} << mixed::kGranuleShift); }

  // The lowest place for n granules, by the plain list of live objects.
  std::uint32_t lowest_place(std::uint32_t n) const {
    std::uint32_t at = 0;
    for (const auto& [begin, length] : live_) {
      if (begin - at >= n) return at;
      at = begin + length;
    }
    return mixed::kGranules - at >= n ? at : mixed::kGranules;
  }
  void expect_as_listed() {
    ASSERT_EQ(block_.free_count, mixed::kGranules - in_use());
    for (const auto& [at, n] : live_) {
      ASSERT_FALSE(mixed::is_free(block_, at));
      ASSERT_TRUE(mixed::is_begin(block_, address(at)));
      ASSERT_EQ(mixed::size_of(block_, at), n);
      ASSERT_EQ(mixed::is_begin(block_, address(at + n - 1)), n == 1);
      ASSERT_FALSE(mixed::is_begin(block_, static_cast<char*>(address(at)) + 8));
    }
  }

  Block block_{};
  bits::Word free_bits_[kMaxObjects / bits::kWordBits] = {}, begin_bits_[kMaxObjects / bits::kWordBits] = {};
  std::map<std::uint32_t, std::uint32_t> live_;
};

TEST_F(MixedBlockTest, ASlabsObjectsStayWhereTheyAre) {
  for (const std::size_t size : {16u, 48u, 64u, 1024u, 3072u, 8192u}) {
    SCOPED_TRACE(size);
    live_.clear();
    adopt(size, 3);
    expect_as_listed();
  }
}

TEST_F(MixedBlockTest, TheLastObjectMayReachTheEnd) {
  adopt(64, 1023);  // of 1024 objects the first and the last stay
  EXPECT_EQ(mixed::size_of(block_, mixed::kGranules - 4), 4u);
  expect_as_listed();
}

TEST_F(MixedBlockTest, TheLargestClassInARunFits) {
  EXPECT_EQ(mixed::largest_class_in(0), 0u);
  for (std::uint32_t n = 1; n <= mixed::kGranules; ++n) {
    const std::size_t c = mixed::largest_class_in(n), bytes = std::size_t{n} << mixed::kGranuleShift;
    ASSERT_LE(class_size(c), bytes);
    ASSERT_TRUE(c + 1 == kClassCount || class_size(c + 1) > bytes);
  }
}

TEST_F(MixedBlockTest, TakesTheLowestHolesAndSaysWhenNoneIsLeft) {
  adopt(64, 2);  // holes of four granules
  void* out[2];
  mixed::Taken taken = mixed::take(block_, 3, out, 2);
  EXPECT_EQ(taken.count, 2u);
  EXPECT_FALSE(taken.exhausted);
  EXPECT_EQ(out[0], address(4));
  EXPECT_EQ(out[1], address(12));
  taken = mixed::take(block_, 5, out, 2);
  EXPECT_EQ(taken.count, 0u);
  EXPECT_TRUE(taken.exhausted);
  taken = mixed::take(block_, 1, out, 2);
  EXPECT_EQ(out[0], address(7)) << "what a hole has left";
  EXPECT_EQ(out[1], address(15));
}

TEST_F(MixedBlockTest, AHoleGrowsWithItsNeighbours) {
  adopt(64, 1);
  EXPECT_EQ(mixed::give(block_, 0, 4), 4u);
  EXPECT_EQ(mixed::give(block_, 8, 4), 4u);
  EXPECT_EQ(mixed::give(block_, 4, 4), 12u);
  for (std::uint32_t at = 12; at < 4 * 256; at += 4) EXPECT_EQ(mixed::give(block_, at, 4), at + 4);
  EXPECT_EQ(mixed::give(block_, mixed::kGranules - 4, 4), 4u);
}

TEST_F(MixedBlockTest, ALookThatBeganWhenItWasASlabStillSeesTheSlabsBits) {
  const ClassRow& row = row_of(class_of(1024));
  block_.free_bits = block_.few_bits;
  slab::init(block_, row);
  void* object = nullptr;
  Touched touched;
  ASSERT_EQ(slab::take(block_, row, &object, 1, touched), 1u);
  const bits::Word before = block_.few_bits[0];
  free_bits_[0] = before;
  block_.free_bits = free_bits_;  // as PageHeap::widen_bitmaps does
  mixed::adopt(block_, row);
  ASSERT_EQ(mixed::take(block_, 2048, &object, 1).count, 1u);
  EXPECT_EQ(block_.few_bits[0], before);
}

TEST_F(MixedBlockTest, PagesFallFreeAndAreSetAside) {
  adopt(512, 1);
  const PageMask all = block_.resident;
  EXPECT_EQ(all, 0xffff);
  for (std::uint32_t object = 8; object < 15; ++object) {
    mixed::give(block_, object * 32, 32);
    EXPECT_EQ(mixed::newly_free_pages(block_, object * 32, 32), 0);
  }
  mixed::give(block_, 15 * 32, 32);
  EXPECT_EQ(mixed::newly_free_pages(block_, 15 * 32, 32), 1 << 1);
  mixed::set_aside(block_, 1 << 1);
  void* out[1];
  EXPECT_EQ(mixed::take(block_, 1, out, 1).count, 0u);
  mixed::restore(block_, 1 << 1);
  EXPECT_EQ(mixed::take(block_, 1, out, 1).count, 1u);
  EXPECT_EQ(out[0], address(256));
}

TEST_F(MixedBlockTest, TakingTouchesThePagesUnderTheObjectsAndNoOther) {
  mixed::init(block_);
  void* out[1];
  mixed::take(block_, 256, out, 1);
  EXPECT_EQ(block_.resident, 1 << 0);
  mixed::take(block_, 300, out, 1);
  EXPECT_EQ(block_.resident, 0b111);
  block_.resident = 0;
  EXPECT_EQ(mixed::take(block_, 200, out, 1).touched.became_resident, 1u);
  EXPECT_EQ(block_.resident, 1 << 2);
}

// A search in vain, made while a page was set aside, says nothing about the time after it.
TEST_F(MixedBlockTest, RunsThatReachIntoAPageOrBeginOnItAreFoundOnceItIsRestored) {
  for (const std::uint32_t begin : {128u, 256u}) {
    adopt(2048, 1);
    if (begin == 256) mixed::give(block_, 0, 128);  // too short
    for (std::uint32_t at = begin; at < 512; at += 128) mixed::give(block_, at, 128);
    mixed::set_aside(block_, 1 << 1);
    void* out[1];
    EXPECT_EQ(mixed::take(block_, 200, out, 1).count, 0u);
    mixed::restore(block_, 1 << 1);
    ASSERT_EQ(mixed::take(block_, 200, out, 1).count, 1u);
    EXPECT_EQ(out[0], address(begin));
    live_.clear();
  }
}

TEST_F(MixedBlockTest, AgreesWithAListOfObjects) {
  adopt(80, 4);
  std::mt19937 random(11);
  for (int step = 0; step < 6000; ++step) {
    if (random() % 2 == 0 || live_.empty()) {
      const std::uint32_t n = random() % 20 == 0 ? 1 + random() % 512 : 1 + random() % 40;
      const std::uint32_t expected = lowest_place(n);
      void* out = nullptr;
      const mixed::Taken taken = mixed::take(block_, n, &out, 1);
      ASSERT_EQ(taken.count, expected == mixed::kGranules ? 0u : 1u);
      ASSERT_EQ(taken.exhausted, taken.count == 0);
      if (taken.count == 0) continue;
      ASSERT_EQ(out, address(expected)) << "step " << step;
      live_[expected] = n;
    } else {
      auto victim = live_.lower_bound(random() % mixed::kGranules);
      if (victim == live_.end()) victim = live_.begin();
      const auto [at, n] = *victim;
      live_.erase(victim);
      const auto next = live_.upper_bound(at);
      const std::uint32_t end = next == live_.end() ? mixed::kGranules : next->first;
      const std::uint32_t begin = next == live_.begin() ? 0 : std::prev(next)->first + std::prev(next)->second;
      ASSERT_EQ(mixed::give(block_, at, n), end - begin);
    }
    if (step % 100 == 0) expect_as_listed();
  }
}

}  // namespace
}  // namespace neap
