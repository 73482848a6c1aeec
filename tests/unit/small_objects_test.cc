// Small objects without caches: where they are taken from, and where they go back to.
#include "bins/small_objects.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "limits/limits.h"
#include "rig.h"

namespace neap {
namespace {

constexpr ClassIndex kClass = class_of(64);

// Small objects without a heap around them.
class SmallObjectsTest : public testing::Test {
 protected:
  // An object of its own slab.
  void* take(std::uint8_t owner) {
    void* object = nullptr;
    EXPECT_EQ(small_.take(From::slabs, BinId(kClass, owner), &object, 1), 1u);
    return object;
  }
  void open(std::uint8_t owner) { small_.open_bins(owner, reinterpret_cast<char*>(memory_)); }
  Block& block(void* object) { return *pages_.map().block_fast(address_of(object)); }

  Rig system_;  // the fake one, as it was
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap pages_{*map_};
  Options options_;
  Limits limits_{options_, pages_};
  SmallObjects small_{pages_, limits_};
  alignas(OwnerBins) unsigned char memory_[sizeof(OwnerBins)] = {};
};

TEST_F(SmallObjectsTest, EachOwnerIsServedFromSlabsOfItsOwn) {
  EXPECT_FALSE(small_.has_bins(1));
  open(1);
  EXPECT_TRUE(small_.has_bins(1));
  void* const first = take(0);
  void* const second = take(1);
  EXPECT_EQ(block(first).owner.load(), 0);
  EXPECT_EQ(block(second).owner.load(), 1);
  EXPECT_EQ(small_.sums().bytes_out, 128u);
}

TEST_F(SmallObjectsTest, ObjectsOfAllOwnersAndOfMixedBlocksGoBackTogether) {
  open(1);
  void* mixed = nullptr;
  ASSERT_EQ(small_.take(From::anywhere, kClass, &mixed, 1), 1u);
  ASSERT_EQ(block(mixed).kind.load(), BlockKind::mixed);
  std::vector<void*> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(take(0));
    all.push_back(take(1));
  }
  all.push_back(mixed);
  EXPECT_EQ(small_.sums().bytes_out, all.size() * 64);
  EXPECT_EQ(small_.sums().served, all.size());
  small_.give(static_cast<std::size_t>(kClass), all.data(), static_cast<std::uint32_t>(all.size()), "free");
  EXPECT_EQ(small_.sums().bytes_out, 0u);
}

TEST_F(SmallObjectsTest, AHoleOfAnotherOwnerServesWhereNoBlockIsToBeHad) {
  open(1);
  take(1);
  fake_os::refuse(fake_os::Call::reserve);
  fake_os::refuse(fake_os::Call::commit);
  void* object = nullptr;
  while (small_.take(From::slabs, BinId(kClass, 0), &object, 1) != 0) object = nullptr;
  void* const found = small_.take_any_hole(From::slabs, kClass);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(block(found).owner.load(), 1);
}

TEST_F(SmallObjectsTest, AnEmptySlabIsKeptUntilItIsGivenUp) {
  void* object = take(0);
  Block& slab = block(object);
  small_.give(static_cast<std::size_t>(kClass), &object, 1, "free");
  EXPECT_EQ(slab.kind.load(), BlockKind::slab);
  small_.give_up_empty_slabs();
  EXPECT_EQ(slab.kind.load(), BlockKind::free);
}

}  // namespace
}  // namespace neap
