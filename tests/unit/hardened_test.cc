// malloc and free of a hardened heap: what is the program's, where it lies, and what is found. Each misuse is a program
// of its own (a death test).
#include "hardened/hardened.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <vector>

#include "os/guarded.h"
#include "rig.h"

namespace neap {
namespace {

// How many bytes are 0 from `memory` up to the first that is not, of `size` bytes.
std::size_t clear_bytes(const char* memory, std::size_t size) {
  return static_cast<std::size_t>(std::find_if(memory, memory + size, [](char c) { return c != 0; }) - memory);
}

class HardenedTest : public testing::Test {
 protected:
  explicit HardenedTest(std::uint64_t quarantine = 1 << 20) {
    harden(rig_.heap.options, true);
    rig_.heap.options.quarantine = quarantine;
    rig_.harden();
  }
  char* make(std::size_t size) { return static_cast<char*>(rig_.allocate(nullptr, size)); }
  void free(void* object) { rig_.free(nullptr, object); }
  char* resize(void* object, std::size_t size) { return static_cast<char*>(rig_.reallocate(nullptr, object, size)); }

  Rig rig_;
};
using HardenedDeathTest = HardenedTest;

class WithoutQuarantineTest : public HardenedTest {
 protected:
  WithoutQuarantineTest() : HardenedTest(0) {}
};

TEST_F(HardenedTest, WhatWasAskedForIsTheProgramsAndNotAByteMore) {
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 8, 9, 24, 25, 100, 4096, 32760, 32761, 40000, 65536, 300000}) {
    EXPECT_EQ(rig_.usable(make(size)), size);
  }
}

// Whoever looks from outside would take a process of few objects for one that libneap does not serve.
TEST_F(HardenedTest, TheFirstObjectIsOnTheBoard) {
  make(24);
  EXPECT_EQ(rig_.board.magic, NEAP_TELEMETRY_MAGIC);
  EXPECT_GT(rig_.board.served, 0u);
}

TEST_F(HardenedTest, ObjectsAreAlignedAsAsked) {
  for (std::size_t align = 1; align <= 4 * kBlockSize; align *= 2) {
    for (const std::size_t size : std::initializer_list<std::size_t>{1, 100, 5000, 40000}) {
      void* object = rig_.allocate_aligned(align, size);
      EXPECT_EQ(address_of(object) % align, 0u);
      EXPECT_EQ(rig_.usable(object), size);
      free(object);
    }
  }
  EXPECT_EQ(address_of(make(1)) % 8, 0u);
}

TEST_F(HardenedTest, AFreedObjectIsClearedAndWaits) {
  char* object = make(100);
  std::memset(object, 'x', 100);
  free(object);
  EXPECT_EQ(clear_bytes(object, 100), 100u);
  EXPECT_EQ(rig_.sums().quarantined, class_size(static_cast<std::size_t>(class_of(108))));
  for (int i = 0; i < 1000; ++i) EXPECT_NE(make(100), object);
}

TEST_F(HardenedTest, TheQuarantineHoldsNoMoreThanItsBytes) {
  for (int i = 0; i < 100000; ++i) {
    free(make(200));
    ASSERT_LE(rig_.sums().quarantined, std::uint64_t{1} << 20);
  }
  EXPECT_GT(rig_.sums().quarantined, (std::uint64_t{1} << 20) - 300);
  EXPECT_TRUE(rig_.hardened->empty_quarantine("test"));
  EXPECT_EQ(rig_.sums().quarantined, 0u);
  EXPECT_FALSE(rig_.hardened->empty_quarantine("test"));
}

TEST_F(HardenedTest, NeighboursAreNotAskedForInARow) {
  int beside = 0;
  char* last = make(100);
  for (int i = 0; i < 500; ++i) {
    char* next = make(100);
    beside += next - last == 112;
    last = next;
  }
  EXPECT_LT(beside, 50);
}

TEST_F(HardenedTest, ReallocKeepsContentsAndGuardsTheNewSize) {
  for (const std::size_t from : std::initializer_list<std::size_t>{20, 100, 30000, 50000, 200000}) {
    for (const std::size_t to : std::initializer_list<std::size_t>{17, 95, 110, 29000, 49000, 60000, 700000}) {
      char* object = make(from);
      std::memset(object, 'c', from);
      object = resize(object, to);
      const std::size_t kept = std::min(from, to);
      EXPECT_TRUE(std::all_of(object, object + kept, [](char c) { return c == 'c'; }));
      EXPECT_EQ(rig_.usable(object), to);
      free(object);
    }
  }
  rig_.hardened->empty_quarantine("test");
  rig_.expect_in_order();
}

// Bytes that a realloc adds hold nothing that lay in the heap before.
TEST_F(HardenedTest, WhatReallocAddsIsClear) {
  char* object = resize(make(90), 100);
  EXPECT_EQ(clear_bytes(object + 90, 8), 8u);
  char* large = resize(make(65000), 65500);
  EXPECT_EQ(clear_bytes(large + 65000, 8), 8u);
}

TEST_F(HardenedTest, AnObjectThatGrowsStepByStepIsSeldomMoved) {
  char* object = make(1 << 20);
  int moves = 0;
  for (std::size_t size = 1 << 20; size < 3 << 20; size += 1 << 14) {
    char* next = resize(object, size);
    moves += next != object;
    object = next;
  }
  EXPECT_LE(moves, 2);
}

TEST_F(HardenedTest, AnObjectOfNoBytesCanBeFreedAndNothingElse) {
  char* object = make(0);
  EXPECT_EQ(rig_.usable(object), 0u);
  EXPECT_DEATH(*object = 'x', "");
  object = resize(object, 10);
  EXPECT_EQ(rig_.usable(object), 10u);
  char* other = make(0);
  free(other);
  EXPECT_EXIT(free(other), aborted, "libneap: double free");
}

TEST_F(HardenedTest, AnEndedLargeObjectsAddressesStayOutOfUse) {
  std::set<void*> before;
  for (int i = 0; i < 500; ++i) {
    void* object = make(100000);
    EXPECT_TRUE(before.insert(object).second);
    free(object);
  }
  rig_.expect_in_order();
  EXPECT_EQ(rig_.sums().large_bytes, 0u);
}

TEST_F(HardenedTest, WhenMemoryIsOutWhatWaitsServes) {
  char* object = make(30000);
  free(object);
  fake_os::refuse(fake_os::Call::commit);
  fake_os::refuse(fake_os::Call::reserve);
  std::vector<char*> all;
  while (char* next = make(30000)) all.push_back(next);
  EXPECT_NE(std::find(all.begin(), all.end(), object), all.end());
}

TEST_F(HardenedDeathTest, WhatLiesBehindALargeObjectCannotBeTouched) {
  for (const std::size_t size : std::initializer_list<std::size_t>{36864, 65536, 131072}) {
    char* object = make(size);
    EXPECT_DEATH(object[size] = 'x', "");
    EXPECT_DEATH(object[-1] = 'x', "");
  }
}

TEST_F(HardenedDeathTest, WhatLiesBesideASlabCannotBeTouched) {
  char* object = make(100);
  char* block = rig_.block(object).address();
  EXPECT_DEATH(block[-1] = 'x', "");
  EXPECT_DEATH(block[kBlockSize] = 'x', "");
}

TEST_F(HardenedDeathTest, AnEndedLargeObjectCannotBeTouched) {
  char* object = make(100000);
  free(object);
  EXPECT_DEATH(object[50000] = 'x', "");
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
}

TEST_F(HardenedDeathTest, WhatWasWrittenBehindIsFoundByEveryCall) {
  for (const std::size_t size : std::initializer_list<std::size_t>{20, 104, 30000, 50000}) {
    char* object = make(size);
    object[size] = 0;
    EXPECT_EXIT(free(object), aborted, "libneap: overflow: free\\(0x[0-9a-f]+\\): an object of [0-9]+ bytes");
    EXPECT_EXIT(resize(object, size - 1), aborted, "libneap: overflow: realloc");
    EXPECT_EXIT(rig_.usable(object), aborted, "libneap: overflow: usable");
  }
}

TEST_F(HardenedDeathTest, WhatWasWrittenBesideIsFound) {
  char* object = make(40);
  while (offset_in_block(object) < 1024 || offset_in_block(object) > 60000) object = make(40);
  for (const int at : {-1, -48, -96, 48, 100}) {
    EXPECT_EXIT((object[at] ^= 'x', free(object)), aborted, "libneap: overflow") << at;
  }
}

TEST_F(HardenedDeathTest, AWriteAfterFreeIsFoundWhenTheObjectLeaves) {
  char* object = make(100);
  free(object);
  object[13] = 'x';
  EXPECT_EXIT(rig_.hardened->empty_quarantine("test"), aborted, "libneap: write after free: .* at byte 13");
}

TEST_F(WithoutQuarantineTest, AWriteAfterFreeIsFoundWhenItsPlaceIsUsedAgain) {
  char* object = make(20000);
  free(object);
  object[13] = 'x';
  EXPECT_EXIT((make(20000), make(20000), make(20000)), aborted, "libneap: write after free: malloc.* at byte 13");
}

TEST_F(WithoutQuarantineTest, ASecondFreeIsFoundAllTheSame) {
  char* object = make(100);
  free(object);
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
}

TEST_F(HardenedDeathTest, ASecondFreeIsFoundWhateverWasWritten) {
  char* object = make(100);
  free(object);
  std::memset(object, 'x', 100);
  EXPECT_EXIT(free(object), aborted, "libneap: double free");
  EXPECT_EXIT(rig_.usable(object), aborted, "libneap: double free");
}

TEST_F(HardenedDeathTest, WhatIsNoObjectsBeginIsNamed) {
  char* object = make(200);
  EXPECT_EXIT(free(object + 16), aborted, "libneap: interior pointer");
  EXPECT_EXIT(free(make(100000) + 4096), aborted, "libneap: interior pointer");
  int local = 0;
  EXPECT_EXIT(free(&local), aborted, "libneap: invalid pointer");
}

TEST_F(HardenedDeathTest, MetadataLiesBetweenGuards) {
  char* memory = static_cast<char*>(os::reserve_guarded(os::page_size));
  ASSERT_TRUE(os::commit(memory, os::page_size));
  EXPECT_DEATH(memory[-1] = 'x', "");
  EXPECT_DEATH(memory[os::page_size] = 'x', "");
  os::unreserve_guarded(memory, os::page_size);
}

TEST_F(HardenedDeathTest, ALookAtAllFindsWhatNoCallCameTo) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "what a death test starts has the thread sanitizer's thread beside its own, which might be setting a "
                  "live object's padding";
#endif
  return_to_single_thread();  // where live objects are looked at too
  char *const live = make(37), *const large = make(100000), *const freed = make(37);
  free(freed);
  EXPECT_EXIT((live[37] = 'x', rig_.hardened->check("neap_check")), aborted, "overflow: neap_check");
  EXPECT_EXIT((large[100000] = 'x', rig_.hardened->check("neap_check")), aborted, "an object of 100000 bytes");
  EXPECT_EXIT((freed[5] = 'x', rig_.hardened->check("neap_check")), aborted, "write after free: .*at byte 5");
  rig_.hardened->check("neap_check");  // none waits any more
  EXPECT_EXIT((freed[5] = 'x', rig_.hardened->check("neap_check")), aborted, "write after free: .*at byte 5");
}

}  // namespace
}  // namespace neap
