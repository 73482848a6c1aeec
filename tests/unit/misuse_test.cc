// Misuse ends the program with one line that names it. Each case is a program of its own (a death test).
#include <gtest/gtest.h>

#include <vector>

#include "os/os.h"
#include "rig.h"

namespace neap {
namespace {

class MisuseDeathTest : public testing::Test {
 protected:
  MisuseDeathTest() { rig_.warm_up(); }
  char* make(std::size_t size) { return static_cast<char*>(rig_.allocate(nullptr, size)); }
  void free(void* object) { rig_.free(nullptr, object); }

  Rig rig_;
};

TEST_F(MisuseDeathTest, FreeingASmallObjectTwice) {
  char* object = make(100);
  make(100);
  free(object);
  EXPECT_EXIT(free(object), aborted, "libneap: double free: free\\(0x");
}

TEST_F(MisuseDeathTest, FreeingALargeObjectTwice) {
  char* object = make(100000);
  free(object);
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
}

TEST_F(MisuseDeathTest, FreeingALargeObjectTwiceWhoseRunIsKept) {
  char* object = nullptr;
  for (int i = 0; i < 2; ++i) free(object = make(100000));
  ASSERT_EQ(rig_.heap.map().block_fast(address_of(object))->kind.load(), BlockKind::spare);
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
  EXPECT_EXIT(free(object + kBlockSize), aborted, "libneap: double free");
}

TEST_F(MisuseDeathTest, FreeingASlabThatWentBack) {
  char* object = make(32 << 10);
  char* other = make(32 << 10);
  char* third = make(32 << 10);
  make(32 << 10);
  free(third);
  free(object);
  free(other);
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
}

TEST_F(MisuseDeathTest, FreeingInsideASmallObject) {
  char* object = make(100);
  EXPECT_EXIT(free(object + 16), aborted, "libneap: interior pointer");
}

TEST_F(MisuseDeathTest, FreeingInsideALargeObject) {
  char* object = make(300000);
  EXPECT_EXIT(free(object + 16), aborted, "libneap: interior pointer");
  EXPECT_EXIT(free(object + kBlockSize * 2), aborted, "libneap: interior pointer");
}

TEST(LargeMisuseDeathTest, FreeingInsideTheLastBlockOfALargeObject) {
  Rig rig;
  char* object = static_cast<char*>(rig.allocate(nullptr, 300000));
  ASSERT_EQ(rig.block(rig.allocate(nullptr, 100)).address(), object + kBlockSize * 5);
  EXPECT_EXIT(rig.free(nullptr, object + kBlockSize * 4), aborted, "libneap: interior pointer");
}

// What waited to go back to a mixed block finds a large object there.
TEST(LargeMisuseDeathTest, GivingBackWhatLayWhereALargeObjectLiesNow) {
  Rig rig;
  void* gone = rig.allocate(nullptr, 400);
  ASSERT_EQ(rig.block(gone).kind.load(), BlockKind::mixed);
  rig.free(nullptr, gone);
  ASSERT_EQ(&rig.block(rig.allocate(nullptr, kBlockSize)), &rig.block(gone));
  EXPECT_EXIT(rig.heap.put_back_mixed(nullptr, gone), aborted, "libneap: double free: free\\(0x");
}

TEST_F(MisuseDeathTest, FreeingBehindTheLastObjectOfASlab) {
  char* object = make(3 * 1024);
  EXPECT_EXIT(free(object + 21 * 3 * 1024), aborted, "libneap: invalid pointer");
}

TEST_F(MisuseDeathTest, FreeingWhatIsNotTheHeaps) {
  int local = 0;
  EXPECT_EXIT(free(&local), aborted, "libneap: invalid pointer");
  EXPECT_EXIT(free(reinterpret_cast<void*>(UINTPTR_MAX - 15)), aborted, "libneap: invalid pointer");
  char* object = make(100);
  EXPECT_EXIT(free(object + (std::size_t{900} << 20)), aborted, "libneap: invalid pointer")
      << "in the slot, behind the chunk";
}

TEST_F(MisuseDeathTest, ResizingWhatWasFreed) {
  char* object = make(100);
  make(100);
  free(object);
  EXPECT_EXIT(rig_.reallocate(nullptr, object, 200), aborted, "libneap: double free: realloc\\(0x");
}

TEST_F(MisuseDeathTest, FreeingWhereNoObjectEverLay) {
  char* object = make(100);
  EXPECT_EXIT(free(object + 112), aborted, "libneap: double free");
}

TEST_F(MisuseDeathTest, AskingForTheSizeOfWhatIsNoObject) {
  char* object = make(100);
  make(100);
  EXPECT_EXIT(rig_.usable(object + 16), aborted, "libneap: interior pointer: usable\\(0x");
  free(object);
  EXPECT_EXIT(rig_.usable(object), aborted, "libneap: double free: usable\\(0x");
}

// Runs for each size class that is cached or lies in mixed blocks.
class LimboDeathTest : public MisuseDeathTest, public testing::WithParamInterface<std::size_t> {
 protected:
  LimboDeathTest() : cache_(rig_.heap.open_cache()) {}
  std::size_t size() const { return class_size(GetParam()); }

  ThreadCache* cache_;
};
INSTANTIATE_TEST_SUITE_P(Classes, LimboDeathTest,
                         testing::Values(0u, 1u, 3u, 8u, 16u, 30u, 45u, kCachedClasses - 1, kCachedClasses,
                                         kClassCount - 1),
                         [](const auto& c) { return std::to_string(class_size(c.param)) + "_bytes"; });

TEST_P(LimboDeathTest, FreeingWhatAThreadsStackHolds) {
  void* first = rig_.allocate(cache_, size());
  void* second = rig_.allocate(cache_, size());
  rig_.free(cache_, first);
  rig_.free(cache_, second);
  EXPECT_EXIT(rig_.free(cache_, first), aborted, "libneap: double free: free\\(0x");
  EXPECT_EXIT(rig_.free(nullptr, first), aborted, "libneap: double free: free\\(0x") << "by another thread";
  EXPECT_EXIT(rig_.reallocate(cache_, first, 1), aborted, "libneap: double free: realloc\\(0x");
}

TEST_P(LimboDeathTest, FreeingWhatWasFetchedAhead) {
  std::vector<void*> all;
  for (int i = 0; i < 40; ++i) all.push_back(rig_.allocate(cache_, size()));
  for (void* object : all) rig_.free(nullptr, object);
  rig_.heap.release_all();
  void* again = rig_.allocate(cache_, size());
  for (void* object : all) {
    if (object == again) continue;
    EXPECT_EXIT(rig_.free(cache_, object), aborted, "libneap: double free: free\\(0x");
  }
}

TEST_P(LimboDeathTest, FreeingWhatTheStashHolds) {
  leave_single_thread();
  rig_.heap.flush(*cache_);
  cache_->reset(rig_.heap.options.cache_bytes, cache_->shared);  // no stack has room
  std::vector<void*> all;
  while (all.size() < 3 * kBlockSize / size()) all.push_back(rig_.allocate(nullptr, size()));
  for (std::size_t i = 0; i < all.size() / 2; ++i) rig_.free(nullptr, all[i]);  // no slab is nearly full any more
  const std::uint32_t before = cache_->stash.count;
  rig_.free(cache_, all.back());
  EXPECT_TRUE(cache_->stash.count == before + 1 || size() > 1000) << "one for which the stash has room";
  EXPECT_EXIT(rig_.free(cache_, all.back()), aborted, "libneap: double free: free\\(0x");
}

// The window between the two halves of a release, in which pages are taken like allocated ones.
TEST_P(LimboDeathTest, FreeingWhatLiesOnAPageThatIsOutForRelease) {
  std::vector<void*> all;
  while (all.size() < 2 * kBlockSize / size()) all.push_back(rig_.allocate(nullptr, size()));
  for (std::size_t i = 0; i < all.size() / 2; ++i) rig_.free(nullptr, all[i]);
  void* gone = all[all.size() / 4];
  const auto free_meanwhile = [&] {
    fake_os::before_discard([&](char* begin, std::size_t bytes) {
      if (begin <= gone && gone < begin + bytes) rig_.free(cache_, gone);
    });
    rig_.heap.release_all();
  };
  EXPECT_EXIT(free_meanwhile(), aborted, "libneap: double free: free\\(0x");
}

TEST(LimboTest, AnObjectThatIsGivenOutHasNoKey) {
  Rig rig;
  ThreadCache* cache = rig.heap.open_cache();
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> all;
    for (std::size_t i = 0; i < 4000; ++i) {
      void* object = rig.allocate(i % 3 == 0 ? nullptr : cache, 1 + i * 7 % kLargestCached);
      ASSERT_FALSE(rig.heap.limbo.holds(object));
      all.push_back(object);
    }
    for (std::size_t i = 0; i < all.size(); ++i) rig.free(i % 2 == 0 ? nullptr : cache, all[i]);
  }
}

TEST(LimboTest, APageThatNoObjectBeginsOnIsNotTouched) {
  Rig rig;
  ThreadCache* cache = rig.heap.open_cache();
  std::vector<char*> all;
  for (int i = 0; i < 400; ++i) all.push_back(static_cast<char*>(rig.allocate(i % 2 == 0 ? nullptr : cache, 8 << 10)));
  for (char* object : all) {
    unsigned char written[2] = {};
    ASSERT_TRUE(os::which_written(object, 2, written));
    EXPECT_EQ(written[0] & 1, 0);
    EXPECT_EQ(written[1] & 1, 0);
  }
}

}  // namespace
}  // namespace neap
