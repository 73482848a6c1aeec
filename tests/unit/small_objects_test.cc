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
class SmallObjectsTest : public PartsTest {
 protected:
  // An object of its own slab.
  void* take(std::uint8_t owner) {
    void* object = nullptr;
    EXPECT_EQ(small_.take(From::slabs, BinId(kClass, owner), &object, 1), 1u);
    return object;
  }
  void open(std::uint8_t owner) { small_.open_bins(owner, reinterpret_cast<char*>(memory_)); }
  Block& block(void* object) { return *pages_.map().block_fast(address_of(object)); }

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

TEST_F(SmallObjectsTest, AClassOfMixedBlocksFindsAHoleThereInTheLastResort) {
  void* object = nullptr;
  ASSERT_EQ(small_.take(From::anywhere, class_of(48), &object, 1), 1u);
  ASSERT_EQ(block(object).kind.load(), BlockKind::mixed);
  fake_os::refuse(fake_os::Call::reserve);
  fake_os::refuse(fake_os::Call::commit);
  for (const std::size_t size : {16u, 32u, 1024u}) {
    void* const found = small_.take_any_hole(From::anywhere, class_of(size));
    ASSERT_NE(found, nullptr) << size;
    EXPECT_EQ(&block(found), &block(object)) << size;
  }
  EXPECT_EQ(small_.take_any_hole(From::anywhere, class_of(8)), nullptr) << "mixed blocks hold none of 8 bytes";
}

TEST_F(SmallObjectsTest, AnAlignedObjectIsPlacedSoInTheLastResortToo) {
  void *other = nullptr, *aligned = nullptr;
  ASSERT_EQ(small_.take(From::slabs, class_of(80), &other, 1), 1u);
  EXPECT_EQ(small_.take_any_hole(From::slabs, kClass), nullptr) << "those of 80 bytes lie at multiples of 16";
  ASSERT_EQ(small_.take(From::slabs, class_of(128), &aligned, 1), 1u);
  void* const found = small_.take_any_hole(From::slabs, kClass);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(&block(found), &block(aligned));
}

TEST_F(SmallObjectsTest, ALiveObjectOfASlabPassesTheLookUnderTheLock) {
  void* const object = take(0);
  small_.check_live(block(object), object, "free");
}

// Between a look without the lock and one under it, the object's block may have become part of a large object.
TEST_F(SmallObjectsTest, WhereALargeObjectLiesByNowNoSmallOneIsLive) {
  void* object = nullptr;
  ASSERT_EQ(small_.take(From::anywhere, kClass, &object, 1), 1u);
  small_.give(SmallObjects::kMixed, &object, 1, "free");
  Block& large = *pages_.take_run(1, 1, kPagesPerBlock).first;
  ASSERT_EQ(&large, &block(object));
  large.large.pages = kPagesPerBlock;
  large.kind.store(BlockKind::large);
  EXPECT_EXIT(small_.check_live(large, object, "realloc"), aborted, "libneap: double free: realloc\\(0x");
}

// Between the two halves of a release a block may end.
TEST_F(SmallObjectsTest, OfAMixedBlockThatEndedMeanwhileNothingIsSetAside) {
  void* object = nullptr;
  ASSERT_EQ(small_.take(From::anywhere, kClass, &object, 1), 1u);
  Block& ended = block(object);
  small_.give(SmallObjects::kMixed, &object, 1, "free");
  ASSERT_EQ(ended.kind.load(), BlockKind::free);
  ASSERT_NE(ended.dirty, 0);
  const PageMask dirty = ended.dirty;
  Due due{};
  due.what = Due::What::mixed;
  due.block = &ended;
  EXPECT_EQ(small_.set_aside(due), 0);
  EXPECT_EQ(ended.dirty, dirty);
}

TEST_F(SmallObjectsTest, MemoryOutIsNoMixedBlock) {
  MixedBin mixed;
  fake_os::refuse(fake_os::Call::reserve);
  fake_os::refuse(fake_os::Call::commit);
  EXPECT_FALSE(mixed.add_block(pages_));
  fake_os::allow(fake_os::Call::reserve);
  fake_os::allow(fake_os::Call::commit);
  EXPECT_TRUE(mixed.add_block(pages_));
}

}  // namespace
}  // namespace neap
