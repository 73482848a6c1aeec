// Sparse slabs on a whole heap: they are opened when another size needs room, what lies in them is served, freed and
// resized as before, and their pages go back.
#include "bins/mixed_bin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

class MixedBinTest : public testing::Test {
 protected:
  MixedBinTest() {
    rig_.keep_dirty_pages();
    rig_.warm_up();
  }

  // Fills slabs with objects of one size, then frees all but every `keep`th. Returns the survivors.
  std::vector<void*> leave_sparse(std::size_t size, std::size_t keep) {
    std::vector<void*> all(kBlockSize * 8 / size), left;
    for (void*& object : all) object = rig_.allocate(nullptr, size);
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::memset(all[i], 0x5a, size);
      if (i % keep == 0) {
        left.push_back(all[i]);
      } else {
        rig_.free(nullptr, all[i]);
      }
    }
    return left;
  }
  std::vector<void*> make(std::size_t count, std::size_t size) {
    std::vector<void*> all(count);
    for (void*& object : all) object = rig_.allocate(nullptr, size);
    return all;
  }
  void* one_in_mixed(const std::vector<void*>& objects) {
    const auto found =
        std::find_if(objects.begin(), objects.end(), [&](void* object) { return lies_in_mixed(object); });
    return found == objects.end() ? nullptr : *found;
  }
  bool lies_in_mixed(void* object) { return rig_.block(object).kind.load() == BlockKind::mixed; }

  Rig rig_;
};

TEST_F(MixedBinTest, OnlyLiveObjectsEnterAStack) {
  leave_sparse(128, 8);
  const std::vector<void*> all = make(300, 400);
  ThreadCache* cache = rig_.heap.open_cache();
  rig_.allocate(cache, 400);
  std::vector<void*> mixed;
  std::copy_if(all.begin(), all.end(), std::back_inserter(mixed), [&](void* object) { return lies_in_mixed(object); });
  ASSERT_GE(mixed.size(), 2u);
  const auto enters = [&](void* object) { return rig_.heap.cache_mixed(*cache, rig_.block(object), object); };
  EXPECT_FALSE(enters(static_cast<char*>(mixed[0]) + 16)) << "inside an object";
  EXPECT_TRUE(enters(mixed[0]));
  EXPECT_FALSE(enters(mixed[0])) << "it lies in the stack";
  rig_.heap.put_back_mixed(nullptr, mixed[1]);
  EXPECT_FALSE(enters(mixed[1])) << "it is free";
}

// Then the class is asked whether it deserves a slab.
TEST_F(MixedBinTest, AStackTakesLessThanAKibibyteOfMixedBlocksAtATime) {
  leave_sparse(128, 8);
  std::vector<void*> mixed;
  for (void* object : make(300, 512)) {
    if (lies_in_mixed(object)) mixed.push_back(object);
  }
  ASSERT_GE(mixed.size(), 2u);
  ThreadCache* cache = rig_.heap.open_cache();
  rig_.allocate(cache, 512);
  EXPECT_TRUE(rig_.heap.cache_mixed(*cache, rig_.block(mixed[0]), mixed[0]));
  EXPECT_FALSE(rig_.heap.cache_mixed(*cache, rig_.block(mixed[1]), mixed[1])) << "the second makes it a kibibyte";
}

TEST_F(MixedBinTest, OneRefillOpensFourSlabsAtMost) {
  leave_sparse(64, 2);  // no hole is larger than an object
  make(row_of(class_of(4096)).capacity, 4096);
  ASSERT_EQ(rig_.recounted().mixed_blocks, 0u) << "the class's first slab served it";
  make(1, 4096);
  EXPECT_EQ(rig_.recounted().mixed_blocks, 4u);
  rig_.expect_in_order();
}

TEST_F(MixedBinTest, OtherSizesFillTheHolesOfSparseSlabs) {
  leave_sparse(128, 8);
  EXPECT_EQ(rig_.recounted().mixed_blocks, 0u) << "nobody needed the holes yet";
  const std::uint64_t before = rig_.sums().resident_bytes;
  const std::vector<void*> others = make(300, 400);
  EXPECT_GT(rig_.recounted().mixed_blocks, 0u);
  // The class's first slab serves it, then the holes do.
  EXPECT_EQ(std::count_if(others.begin(), others.end(), [&](void* object) { return lies_in_mixed(object); }),
            300 - row_of(class_of(400)).capacity);
  EXPECT_LE(rig_.sums().resident_bytes, before + kBlockSize);
  rig_.expect_in_order();
}

TEST_F(MixedBinTest, DenseSlabsAreLeftAlone) {
  const std::vector<void*> all = make(4096, 128);
  for (std::size_t i = 0; i < all.size(); i += 4) rig_.free(nullptr, all[i]);  // three quarters stay
  make(3000, 400);
  EXPECT_EQ(rig_.recounted().mixed_blocks, 0u);
}

TEST_F(MixedBinTest, TheSlabThatAClassIsRefilledFromIsLeftAlone) {
  const std::vector<void*> left = leave_sparse(128, 8);
  make(3000, 400);
  EXPECT_FALSE(lies_in_mixed(left.front()));
}

TEST_F(MixedBinTest, SurvivorsKeepTheirSizeAndContents) {
  const std::vector<void*> left = leave_sparse(128, 8);
  make(300, 400);
  void* survivor = one_in_mixed(left);
  ASSERT_NE(survivor, nullptr);
  for (void* object : left) {
    EXPECT_EQ(rig_.usable(object), 128u);
    const auto* bytes = static_cast<unsigned char*>(object);
    EXPECT_TRUE(std::all_of(bytes, bytes + 128, [](unsigned char byte) { return byte == 0x5a; }));
  }
  void* moved = rig_.reallocate(nullptr, survivor, 1000);
  EXPECT_EQ(static_cast<unsigned char*>(moved)[127], 0x5a);
  rig_.expect_in_order();
}

TEST_F(MixedBinTest, CachedObjectsOfAnOpenedSlabFindTheirWayBack) {
  ThreadCache* cache = rig_.heap.open_cache();
  std::vector<void*> all;
  for (int i = 0; i < 4096; ++i) all.push_back(rig_.allocate(cache, 128));
  rig_.heap.flush(*cache);
  for (std::size_t i = 2; i < all.size(); ++i) rig_.free(i % 8 == 1 ? cache : nullptr, all[i]);
  make(300, 400);
  const std::size_t c = static_cast<std::size_t>(class_of(128));
  const Stack stack = cache->own_stack(c);
  EXPECT_TRUE(std::any_of(stack.objects(), stack.objects() + stack.count(),
                          [&](void* object) { return lies_in_mixed(object); }));
  rig_.heap.flush(*cache);
  rig_.expect_in_order();
  rig_.free(nullptr, all[0]);
  rig_.free(nullptr, all[1]);
  EXPECT_EQ(rig_.sums().small_bytes, 300u * 416);
}

TEST_F(MixedBinTest, ABlockThatFallsEmptyGoesBack) {
  const std::vector<void*> left = leave_sparse(128, 8);
  const std::vector<void*> others = make(300, 400);
  for (void* object : left) rig_.free(nullptr, object);
  for (void* object : others) rig_.free(nullptr, object);
  EXPECT_EQ(rig_.recounted().mixed_blocks, 0u);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(MixedBinTest, FreePagesOfMixedBlocksAreReleased) {
  const std::vector<void*> left = leave_sparse(128, 8);
  const std::vector<void*> others = make(300, 400);
  for (void* object : others) rig_.free(nullptr, object);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (i % 64 != 0) rig_.free(nullptr, left[i]);
  }
  EXPECT_GT(rig_.sums().dirty_bytes, 0u);
  rig_.heap.release_all();
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  EXPECT_GT(rig_.recounted().mixed_blocks, 0u);
  rig_.expect_in_order();
  EXPECT_EQ(make(300, 400).size(), 300u);
  rig_.expect_in_order();
}

TEST_F(MixedBinTest, RefusedDiscardsKeepThePages) {
  const std::vector<void*> left = leave_sparse(128, 8);
  for (void* object : make(300, 400)) rig_.free(nullptr, object);
  for (std::size_t i = 1; i < left.size(); ++i) rig_.free(nullptr, left[i]);
  fake_os::refuse(fake_os::Call::discard, 0, 1000);
  rig_.heap.release_all();
  fake_os::allow(fake_os::Call::discard);
  EXPECT_EQ(rig_.recounted().fault, "");
}

TEST(SharedBlockTest, ClassesThatAreHardlyUsedShareABlock) {
  Rig rig;
  std::vector<void*> all;
  for (std::size_t size = 16; size <= 4096; size += size / 2) all.push_back(rig.allocate(nullptr, size));
  for (void* object : all) EXPECT_EQ(&rig.block(object), &rig.block(all[0]));
  EXPECT_EQ(rig.recounted().mixed_blocks, 1u);
  rig.expect_in_order();
}

TEST(SharedBlockTest, AClassThatIsUsedGetsASlab) {
  Rig rig;
  void* object = nullptr;
  for (std::size_t bytes = 0; bytes <= 2 * kBytesForFirstSlab; bytes += 64) object = rig.allocate(nullptr, 64);
  EXPECT_EQ(rig.block(object).kind.load(), BlockKind::slab);
  rig.expect_in_order();
}

using MixedBinDeathTest = MixedBinTest;

TEST_F(MixedBinDeathTest, MisuseIsNamed) {
  const std::vector<void*> left = leave_sparse(128, 8);
  void* object = make(300, 400).back();
  char* survivor = static_cast<char*>(one_in_mixed(left));
  ASSERT_NE(survivor, nullptr);
  EXPECT_EXIT(rig_.free(nullptr, survivor + 16), aborted, "libneap: interior pointer");
  EXPECT_EXIT(rig_.free(nullptr, survivor + 8), aborted, "libneap: interior pointer");
  EXPECT_EXIT((rig_.free(nullptr, survivor), rig_.free(nullptr, survivor)), aborted, "libneap: double free");
  EXPECT_EXIT((rig_.free(nullptr, object), rig_.reallocate(nullptr, object, 10)), aborted, "libneap: double free");
  ThreadCache* cache = rig_.heap.open_cache();
  EXPECT_EXIT((rig_.free(cache, survivor), rig_.free(cache, survivor), rig_.heap.flush(*cache)), aborted,
              "libneap: double free");
}

}  // namespace
}  // namespace neap
