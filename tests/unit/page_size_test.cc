// Systems whose pages are 16 or 64 KiB: what the heap commits, discards and counts is whole pages of theirs. (The fake
// system ends the program at any part of one; the model runs on such systems too.)
#include <gtest/gtest.h>

#include <cstring>

#include "rig.h"

namespace neap {
namespace {

class PageSizeTest : public testing::TestWithParam<std::size_t> {
 protected:
  PageSizeTest() { rig_.heap.options.decay_events = 0; }

  std::uint64_t resident() { return rig_.sums().resident_bytes; }
  std::uint64_t dirty() { return rig_.sums().dirty_bytes; }
  static std::size_t system_page_of(const void* object) { return address_of(object) / GetParam(); }

  Rig rig_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(KiB, PageSizeTest, testing::Values(kPageSize, 4 * kPageSize, 16 * kPageSize),
                         [](const auto& page) { return std::to_string(page.param >> 10); });

TEST(PageSize, MasksGrowToWholeSystemPages) {
  Rig rig;
  EXPECT_EQ(whole_system_pages(0x8421), 0x8421);
  fake_os::set_page_size(2 * kPageSize);
  EXPECT_EQ(whole_system_pages(0x8421), 0xcc33);
  fake_os::set_page_size(4 * kPageSize);
  EXPECT_EQ(whole_system_pages(0x8021), 0xf0ff);
  EXPECT_EQ(whole_system_pages(0), 0);
  fake_os::set_page_size(16 * kPageSize);
  EXPECT_EQ(whole_system_pages(0x0400), 0xffff);
  EXPECT_EQ(whole_system_pages(0), 0);
}

TEST_P(PageSizeTest, OneObjectMakesItsWholePageResident) {
  rig_.allocate(nullptr, 100);
  EXPECT_EQ(resident(), GetParam());
  rig_.expect_in_order();
}

TEST_P(PageSizeTest, APageOfASlabGoesBackWhenAllObjectsInItAreFree) {
  rig_.warm_up();
  constexpr std::size_t kSize = 1024;
  std::vector<char*> objects;
  for (std::size_t i = 0; i < 4 * kBlockSize / kSize; ++i) {
    objects.push_back(static_cast<char*>(rig_.allocate(nullptr, kSize)));
    std::memset(objects.back(), 'x', kSize);
  }
  rig_.heap.release_all();
  const std::uint64_t before = resident();
  const std::size_t page = system_page_of(objects[objects.size() / 2]);
  std::vector<char*> inside;
  for (char* object : objects) {
    if (system_page_of(object) == page) inside.push_back(object);
  }
  ASSERT_EQ(inside.size(), GetParam() / kSize);
  for (std::size_t i = 1; i < inside.size(); ++i) {
    rig_.free(nullptr, inside[i]);
    rig_.heap.release_all();
    ASSERT_EQ(resident(), before) << "one object is left";
    ASSERT_EQ(dirty(), 0u);
  }
  rig_.free(nullptr, inside[0]);
  rig_.heap.release_all();
  EXPECT_EQ(resident(), before - GetParam());
  for (const char* object : objects) {
    if (system_page_of(object) == page) continue;
    ASSERT_EQ(std::string(object, kSize), std::string(kSize, 'x'));
  }
  rig_.expect_in_order();
}

TEST_P(PageSizeTest, ALargeObjectHasWholePages) {
  char* object = static_cast<char*>(rig_.allocate(nullptr, 100 << 10));
  EXPECT_EQ(rig_.usable(object), round_up(100 << 10, GetParam()));
  EXPECT_EQ(resident(), rig_.usable(object));
  std::memset(object, 'x', rig_.usable(object));
  for (const std::size_t size : {std::size_t{90} << 10, std::size_t{300} << 10, std::size_t{33} << 10}) {
    object = static_cast<char*>(rig_.reallocate(nullptr, object, size));
    EXPECT_EQ(rig_.usable(object), round_up(size, GetParam()));
    EXPECT_EQ(object[(33 << 10) - 1], 'x');
    rig_.expect_in_order();
  }
  rig_.free(nullptr, object);
  rig_.heap.release_all();
  EXPECT_EQ(resident(), 0u);
}

TEST_P(PageSizeTest, AZeroedObjectReadsAsZerosWhereverItComesFrom) {
  for (int round = 0; round < 20; ++round) {
    const std::size_t size = (std::size_t{40} << 10) + static_cast<std::size_t>(round) * 5000;
    char* object = static_cast<char*>(rig_.allocate(nullptr, size, true));
    ASSERT_EQ(std::string(object, size), std::string(size, '\0'));
    std::memset(object, 'x', rig_.usable(object));
    rig_.free(nullptr, object);
    if (round % 3 == 0) rig_.heap.release_all();
  }
}

// Several CPUs' stacks share a page of 64 KiB.
TEST_P(PageSizeTest, CpuCachesOfNeighboursAreApart) {
  CpuCaches caches;
  fake_os::set_cpu_bound(6);
  ASSERT_TRUE(caches.open());
  for (const std::size_t cpu : {3u, 5u, 0u, 1u}) ASSERT_TRUE(caches.begin(caches.at(cpu), 1000));
  EXPECT_EQ(caches.at(1).budget.load(), 1000);
  EXPECT_EQ(caches.at(2).shape.load(), nullptr) << "not begun";
  EXPECT_EQ(caches.at(4).heads[kClassesBelowLine].load(), 0u);
}

// Huge pages are 32 or 512 MiB on such systems: no object is sure to fill one.
TEST_P(PageSizeTest, HugePagesAreAskedForOnlyWhereTheyAreSmall) {
  constexpr std::size_t kSize = std::size_t{6} << 20;
  for (int i = 0; i < 6; ++i) {
    void* object = rig_.allocate(nullptr, kSize);
    std::memset(object, 1, kSize);
    rig_.free(nullptr, object);
  }
  EXPECT_EQ(fake_os::huge_ranges().empty(), GetParam() != kPageSize);
}

}  // namespace
}  // namespace neap
