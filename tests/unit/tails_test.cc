// The dirty pages behind a large object's end, in its last block: who counts them, who uses them, how they go.
#include <gtest/gtest.h>

#include <thread>

#include "large_fixture.h"
#include "page_heap_fixture.h"

namespace neap {
namespace {

using fake_os::Call;

class TailsTest : public LargeTest {
 protected:
  // An object of so many pages at the beginning of garbage of 1 MiB, kept apart from what follows by another object.
  char* make_in_garbage(std::size_t pages, int fill) {
    char* hole = make(kMiB, 0x7c);
    make(kMiB, 1);
    rig_.free(nullptr, hole);
    char* object = make(pages * kPageSize, fill);
    EXPECT_EQ(object, hole);
    return object;
  }
  std::uint64_t dirty_pages() { return rig_.sums().dirty_bytes / kPageSize; }
  void release() {
    rig_.heap.release_all();
    rig_.keep_dirty_pages();
  }
};

// A discard costs more than the rest of an allocation.
TEST_F(TailsTest, AnObjectInADirtyPlaceIsMadeWithoutADiscard) {
  make_in_garbage(20, 2);
  EXPECT_EQ(fake_os::discards().size(), 0u);
  EXPECT_EQ(dirty_pages(), 256u - 20);
  rig_.expect_in_order();
}

TEST_F(TailsTest, ATailIsDirtyAndGoesWithTheOthers) {
  char* object = make_in_garbage(20, 2);
  release();
  EXPECT_EQ(dirty_pages(), 0u);
  EXPECT_TRUE(holds(object, 0, 20 * kPageSize, 2));
  EXPECT_TRUE(holds(object, 20 * kPageSize, 32 * kPageSize, 0));
  rig_.expect_in_order();
}

TEST_F(TailsTest, ATailThatTheSystemRefusesStaysDirty) {
  char* object = make_in_garbage(20, 2);
  fake_os::refuse(Call::discard);
  release();
  EXPECT_GE(dirty_pages(), 12u);
  rig_.expect_in_order();
  fake_os::allow(Call::discard);
  release();
  EXPECT_EQ(dirty_pages(), 0u);
  EXPECT_TRUE(holds(object, 0, 20 * kPageSize, 2));
  rig_.expect_in_order();
}

TEST_F(TailsTest, AnObjectGrowsIntoItsTail) {
  char* object = make_in_garbage(20, 2);
  ASSERT_EQ(rig_.reallocate(nullptr, object, 25 * kPageSize), object);
  EXPECT_EQ(dirty_pages(), 256u - 25);
  rig_.expect_in_order();
  ASSERT_EQ(rig_.reallocate(nullptr, object, 40 * kPageSize), object);
  EXPECT_EQ(dirty_pages(), 256u - 40);
  EXPECT_TRUE(holds(object, 0, 20 * kPageSize, 2));
  EXPECT_EQ(fake_os::discards().size(), 0u);
  rig_.expect_in_order();
}

TEST_F(TailsTest, WhatAnObjectShrinksOutOfTakesTheTailAlong) {
  char* object = make_in_garbage(36, 2);
  ASSERT_EQ(rig_.reallocate(nullptr, object, 20 * kPageSize), object);
  EXPECT_EQ(dirty_pages(), 256u - 36) << "the tail is the third block's, which is free now";
  rig_.expect_in_order();
  ASSERT_EQ(rig_.reallocate(nullptr, object, 18 * kPageSize), object);
  rig_.expect_in_order();
  release();
  EXPECT_EQ(dirty_pages(), 0u);
  rig_.expect_in_order();
}

TEST_F(TailsTest, WhatFollowsAnObjectWithATailIsZeroWhereItIsToBe) {
  char* object = make_in_garbage(20, 2);
  rig_.free(nullptr, object);
  rig_.expect_in_order();
  char* next = static_cast<char*>(rig_.allocate(nullptr, 32 * kPageSize, true));
  ASSERT_EQ(next, object);
  EXPECT_TRUE(holds(next, 0, 32 * kPageSize, 0));
}

// A kept run keeps its tail, and the next object of its size has it.
TEST_F(TailsTest, ASpareHasATailToo) {
  char* object = make_in_garbage(20, 2);
  for (int i = 0; i < 3; ++i) {
    rig_.free(nullptr, object);
    rig_.expect_in_order();
    ASSERT_EQ(make(20 * kPageSize, 3), object);
    rig_.expect_in_order();
  }
  release();
  EXPECT_EQ(dirty_pages(), 0u);
  rig_.expect_in_order();
}

TEST_F(TailsTest, AnObjectThatMovesLeavesNothingOfIts) {
  char* object = make_in_garbage(20, 2);
  make(14 * 16 * kPageSize, 4);  // all that is behind it
  const std::uint64_t before = dirty_pages();
  char* moved = static_cast<char*>(rig_.reallocate(nullptr, object, kMiB));
  ASSERT_NE(moved, object);
  EXPECT_EQ(dirty_pages(), before - 12);
  EXPECT_TRUE(holds(moved, 0, 20 * kPageSize, 2));
  rig_.expect_in_order();
}

// Headroom is address space. What is dirty stays where all may use it; the object grows into it while nobody does.
TEST_F(TailsTest, HeadroomEndsAtADirtyBlock) {
  char* const blocked = make(64 * 1024, 5);
  make(64 * 1024, 6);
  char* hole = make(kMiB, 0x7c);
  make(kMiB, 1);
  rig_.free(nullptr, hole);
  char* object = static_cast<char*>(rig_.reallocate(nullptr, blocked, 128 * 1024));
  ASSERT_EQ(object, hole);
  EXPECT_EQ(fake_os::discards().size(), 1u) << "of what it was copied from";
  EXPECT_EQ(dirty_pages(), 256u - 32);
  ASSERT_EQ(rig_.reallocate(nullptr, object, 512 * 1024), object);
  EXPECT_EQ(dirty_pages(), 256u - 128);
  EXPECT_TRUE(holds(object, 0, 64 * 1024, 5));
  rig_.expect_in_order();
}

class TailsOutTest : public PageHeapTest {
 protected:
  // An object whose tail is out for release.
  Block* make_out() {
    heap_.free_run(*run(2, 32), Left::all);
    Block* const first = run(2, 20);
    for (;;) {
      const Due due = heap_.pop_due(0);
      if (due.what != Due::What::tail) continue;
      EXPECT_EQ(due.block, first);
      return first;
    }
  }
};

TEST_F(TailsOutTest, ARunIsNotKeptWhileItsTailIsOut) {
  for (int i = 0; i < 2; ++i) end(*run(2, 20));
  Block* const first = make_out();
  EXPECT_FALSE(heap_.keep_spare(*first));
  end_tail(*first);
  EXPECT_TRUE(heap_.keep_spare(*first));
}

// What is out for release is about to be discarded, so nobody may get its blocks before.
TEST_F(TailsOutTest, ItsOwnerWaitsUntilTheReleaseHasEnded) {
  for (const bool grows : {false, true}) {
    Block* const first = make_out();
    std::atomic<bool> has_ended{false}, is_over{false};
    const std::uint64_t waits = fake_os::waits();
    heap_.release_lock().lock();
    std::thread owner([&] {
      if (grows) {
        EXPECT_TRUE(heap_.resize(*first, 30));
      } else {
        heap_.free_run(*first, Left::all);
      }
      EXPECT_TRUE(is_over.load());
      has_ended.store(true);
    });
    while (fake_os::waits() == waits && !has_ended.load()) std::this_thread::yield();
    end_tail(*first);
    is_over.store(true);
    heap_.release_lock().unlock();
    owner.join();
    expect_in_order();
  }
}

}  // namespace
}  // namespace neap
