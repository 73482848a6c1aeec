// Misuse ends the program with one line that names it. Each case is a program of its own (a death test).
#include <gtest/gtest.h>

#include "rig.h"

namespace neap {
namespace {

const testing::ExitedWithCode aborted(fake_os::kAbortExitCode);

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

TEST_F(MisuseDeathTest, AnObjectCachedTwiceIsFoundWhenTheCacheIsFlushed) {
  ThreadCache* cache = rig_.heap.open_cache();
  void* first = rig_.allocate(cache, 64);
  void* second = rig_.allocate(cache, 64);
  rig_.free(cache, first);
  rig_.free(cache, second);
  EXPECT_EXIT((rig_.free(cache, first), rig_.heap.flush(*cache)), aborted, "libneap: double free");
}

}  // namespace
}  // namespace neap
