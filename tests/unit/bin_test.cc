// One size class: which slab serves, which objects may be cached, what goes back, and release while others use the
// slab.
#include "bins/bin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <sstream>
#include <vector>

#include "bins/mixed_bin.h"
#include "fake_os.h"
#include "ledger.h"
#include "os/os.h"

namespace neap {
namespace {

using fake_os::Call;

class BinTest : public testing::Test {
 protected:
  explicit BinTest(std::size_t size = 512) : class_(class_of(size)), row_(row_of(class_)) { fake_os::reset(); }
  ~BinTest() override { fake_os::reset(); }

  std::vector<void*> take(std::size_t count) {
    std::vector<void*> all;
    while (all.size() < count) {
      void* batch[16];
      const std::uint32_t got =
          bin_.take(class_, pages_, batch, static_cast<std::uint32_t>(std::min<std::size_t>(16, count - all.size())));
      if (got == 0) break;
      all.insert(all.end(), batch, batch + got);
    }
    return all;
  }
  void give(void* object) { bin_.give(class_, pages_, &object, 1, "free"); }
  void give(const std::vector<void*>& objects, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) give(objects[i]);
  }
  Block& block_of(void* object) { return *pages_.map().block_fast(address_of(object)); }
  bool admits(void* object) { return block_of(object).admission.load() != 0; }
  std::size_t capacity() const { return row_.capacity; }
  std::uint64_t dirty() { return pages_.dirty_pages(); }

  // Releases what is due of slabs and free runs, as the policy does, until the system refuses.
  void release() {
    while (pages_.refusals() == refusals_) {
      const Due due = pages_.pop_due(0);
      if (due.what == Due::What::nothing) return;
      if (due.what == Due::What::slab)
        release(*due.block);
      else
        pages_.end_free_run(due,
                            os::discard(due.block->address(), due.blocks * kBlockSize) ? Left::nothing : Left::all);
    }
  }
  void release(Block& block) {
    Aside aside{&block, bin_.set_aside(class_, block, pages_)};
    if (aside.pages == 0) return;
    pages_.discard({&aside, 1});
    bin_.end_aside(class_, aside, pages_);
  }
  void expect_in_order() {
    const Ledger truth = recount(*map_);
    EXPECT_EQ(truth.fault, "");
    EXPECT_EQ(pages_.accounts().resident_pages.get(), truth.resident_pages);
    EXPECT_EQ(pages_.dirty_pages(), truth.dirty_pages);
    EXPECT_EQ(bin_.bytes_out(), truth.small_bytes);
  }

  std::uint64_t refusals_ = 0;
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap pages_{*map_};
  Bin bin_;
  ClassIndex class_;
  const ClassRow& row_;
};

TEST_F(BinTest, AClassEarnsItsFirstSlabByBytesAndAnotherByWhatItsSlabsHold) {
  EXPECT_FALSE(bin_.deserves_slab(kBytesForFirstSlab));
  EXPECT_TRUE(bin_.deserves_slab(1));
  take(1);
  EXPECT_FALSE(bin_.deserves_slab(kTimesForMore * kBlockSize));
  EXPECT_TRUE(bin_.deserves_slab(1));
  take(capacity());
  EXPECT_FALSE(bin_.deserves_slab(kTimesForMore * 2 * kBlockSize));
  EXPECT_TRUE(bin_.deserves_slab(1));
}

TEST_F(BinTest, EightKibibytesOfAClassEarnItsFirstSlab) {
  EXPECT_FALSE(bin_.deserves_slab(8192));
  EXPECT_TRUE(bin_.deserves_slab(1));
}

TEST_F(BinTest, ASlabThatWasHandedOverIsOneLessAndAnotherIsEarnedSooner) {
  const std::vector<void*> all = take(capacity() * 3);
  give(all[0]);  // the lowest
  give(all, capacity(), capacity() * 2 - 1);
  MixedBin mixed;
  ASSERT_TRUE(bin_.hand_over(class_, block_of(all[capacity()]), pages_, mixed, 1));
  EXPECT_EQ(bin_.bytes_out(), (capacity() * 2 - 1) * row_.size);
  EXPECT_FALSE(bin_.deserves_slab(kTimesForMore * 2 * kBlockSize));
  EXPECT_TRUE(bin_.deserves_slab(1));
}

TEST_F(BinTest, AClassWhoseSlabsFellEmptyGetsAsManyAtOnce) {
  const std::vector<void*> all = take(capacity() * 3);
  give(all, 0, all.size());  // the last one stays
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(bin_.deserves_slab(1)) << i;
  EXPECT_FALSE(bin_.deserves_slab(1));
}

TEST_F(BinTest, PagesThatFallFreeWhileOthersAreOutWaitForTheirTurn) {
  const std::size_t each = kPageSize / row_.size;
  const std::vector<void*> all = take(capacity());
  Block& block = block_of(all[0]);
  give(all, each, 2 * each);
  EXPECT_EQ(pages_.pop_due(0).block, &block);
  Aside aside{&block, bin_.set_aside(class_, block, pages_)};
  EXPECT_EQ(aside.pages, 0x0002);
  give(all, 3 * each, 4 * each);
  EXPECT_EQ(pages_.pop_due(0).block, &block);
  EXPECT_EQ(bin_.set_aside(class_, block, pages_), 0) << "while others are out";
  pages_.discard({&aside, 1});
  bin_.end_aside(class_, aside, pages_);
  expect_in_order();
  EXPECT_EQ(dirty(), 1u);
  release();
  EXPECT_EQ(dirty(), 0u);
  expect_in_order();
}

TEST_F(BinTest, RefillsFromTheLowestSlabInAddressOrder) {
  const std::vector<void*> all = take(capacity() * 3);
  for (std::size_t i = 1; i < all.size(); ++i) ASSERT_LT(all[i - 1], all[i]);
  give(all[capacity() * 2 + 5]);
  give(all[capacity() + 7]);
  give(all[3]);
  EXPECT_EQ(take(3), (std::vector<void*>{all[3], all[capacity() + 7], all[capacity() * 2 + 5]}));
  expect_in_order();
}

TEST_F(BinTest, ABatchComesFromOneSlab) {
  const std::vector<void*> all = take(capacity() * 2);
  give(all[capacity() - 1]);
  give(all[capacity()]);
  void* batch[4];
  EXPECT_EQ(bin_.take(class_, pages_, batch, 4), 1u);
  EXPECT_EQ(batch[0], all[capacity() - 1]);
}

TEST_F(BinTest, AdmitsTheSlabRefilledFromAndThoseSevenEighthsFull) {
  const std::vector<void*> all = take(capacity() * 3);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(admits(all[i * capacity()])) << "full";
  give(all[0]);
  give(all, capacity(), capacity() + capacity() / 8);
  EXPECT_TRUE(admits(all[capacity()])) << "exactly 7/8";
  give(all[capacity() + capacity() / 8]);
  EXPECT_FALSE(admits(all[capacity()])) << "less than 7/8, and not the lowest";
  take(1);
  EXPECT_TRUE(admits(all[capacity()])) << "now the lowest";
  give(all[1]);
  EXPECT_FALSE(admits(all[capacity()])) << "no longer the lowest";
  EXPECT_TRUE(admits(all[0]));
}

class BigBinTest : public BinTest {
 protected:
  BigBinTest() : BinTest(kLargestCached + 1) {}
};

TEST_F(BigBinTest, NothingAboveTheLargestCachedIsAdmitted) {
  const std::vector<void*> all = take(capacity() + 1);
  EXPECT_FALSE(admits(all[0]));
  EXPECT_FALSE(admits(all[capacity()]));
}

TEST_F(BinTest, AnEmptySlabGoesBackUnlessItIsTheOnlyOneWithRoom) {
  const std::vector<void*> all = take(capacity() * 2);
  give(all, 0, capacity());
  EXPECT_EQ(block_of(all[0]).kind.load(), BlockKind::slab);
  give(all, capacity(), capacity() * 2);
  EXPECT_EQ(block_of(all[capacity()]).kind.load(), BlockKind::free);
  EXPECT_FALSE(admits(all[capacity()]));
  EXPECT_EQ(bin_.bytes_out(), 0u);
  expect_in_order();
}

TEST_F(BinTest, WhollyFreePagesAreReleasedAndServeAgain) {
  std::vector<void*> all = take(capacity());
  give(all, 8, 24);  // pages 1 and 2
  EXPECT_EQ(dirty(), 2u);
  release();
  ASSERT_EQ(fake_os::discards().size(), 1u);
  EXPECT_EQ(fake_os::discards()[0].begin, static_cast<char*>(all[8]));
  EXPECT_EQ(fake_os::discards()[0].size, 2 * kPageSize);
  expect_in_order();
  EXPECT_EQ(take(16), std::vector<void*>(all.begin() + 8, all.begin() + 24));
  expect_in_order();
}

TEST_F(BinTest, ARefusedDiscardLosesNoPage) {
  std::vector<void*> all = take(capacity());
  give(all, 8, 24);
  fake_os::refuse(Call::discard);
  release();
  EXPECT_EQ(pages_.accounts().returned_pages.get(), 0u);
  EXPECT_EQ(pages_.accounts().resident_pages.get(), kPagesPerBlock);
  EXPECT_EQ(take(16), std::vector<void*>(all.begin() + 8, all.begin() + 24));
  expect_in_order();
  give(all, 8, 24);
  fake_os::allow(Call::discard);
  refusals_ = pages_.refusals();
  release();
  EXPECT_GT(pages_.accounts().returned_pages.get(), 0u) << "what was refused once is tried again";
  EXPECT_EQ(pages_.dirty_pages(), 0u);
  expect_in_order();
}

TEST_F(BinTest, MemoryOutIsNoObjects) {
  fake_os::refuse(Call::reserve);
  EXPECT_TRUE(take(1).empty());
  fake_os::allow(Call::reserve);
  EXPECT_EQ(take(1).size(), 1u);
  fake_os::refuse(Call::commit);
  fake_os::refuse(Call::reserve);
  take(1u << 20);
  expect_in_order();
}

// What other threads can do while the pages of a slab are being discarded without its lock.
TEST_F(BinTest, ObjectsOnPagesBeingDiscardedAreNotHandedOut) {
  std::vector<void*> all = take(capacity());
  give(all, 8, 24);
  give(all[40]);
  std::vector<void*> meanwhile;
  fake_os::before_discard([&](char*, std::size_t) { meanwhile = take(2); });
  release();
  fake_os::before_discard(nullptr);
  ASSERT_EQ(meanwhile.size(), 2u);
  EXPECT_EQ(meanwhile[0], all[40]);
  EXPECT_NE(&block_of(meanwhile[1]), &block_of(all[0]));
  EXPECT_EQ(take(1)[0], all[8]);
  expect_in_order();
}

TEST_F(BinTest, ASlabEmptiedWhileItsPagesAreDiscardedIsNotGivenBackTooEarly) {
  std::vector<void*> all = take(capacity() * 2);
  give(all[capacity()]);  // another slab with room, so that an empty one is given back
  give(all, 8, 24);
  fake_os::before_discard([&](char*, std::size_t) {
    fake_os::before_discard(nullptr);
    give(all, 0, 8);
    give(all, 24, capacity());
    EXPECT_EQ(block_of(all[0]).kind.load(), BlockKind::slab);
  });
  release();
  EXPECT_EQ(block_of(all[0]).kind.load(), BlockKind::free);
  expect_in_order();
}

TEST_F(BinTest, ASlabFilledAndFreedWhileItsPagesAreDiscardedKeepsItsOrder) {
  std::vector<void*> all = take(capacity());
  give(all, 8, 16);
  give(all[40]);
  fake_os::before_discard([&](char*, std::size_t) {
    fake_os::before_discard(nullptr);
    EXPECT_EQ(take(1), std::vector<void*>{all[40]});
    give(all[41]);
    give(all[40]);
  });
  release();
  expect_in_order();
  EXPECT_EQ(take(2), (std::vector<void*>{all[8], all[9]}));
}

class StraddlingBinTest : public BinTest {
 protected:
  StraddlingBinTest() : BinTest(3072) {}
};

// Objects 0 and 1 lie over page 0, objects 1 and 2 over page 1. While page 0 is being discarded, object 1 is set aside;
// page 1 falls free when object 2 is given then, which shows only when object 1 is back.
TEST_F(StraddlingBinTest, APageFreedBesideOneBeingDiscardedIsFound) {
  std::vector<void*> all = take(capacity());
  give(all, 0, 2);
  ASSERT_EQ(dirty(), 1u);
  fake_os::before_discard([&](char*, std::size_t) {
    fake_os::before_discard(nullptr);
    give(all[2]);
  });
  release();
  expect_in_order();
  EXPECT_EQ(pages_.accounts().returned_pages.get(), 2u);
  EXPECT_EQ(take(3), std::vector<void*>(all.begin(), all.begin() + 3));
  expect_in_order();
}

class TailBinTest : public BinTest {
 protected:
  TailBinTest() : BinTest(10 << 10) {}  // six objects end with page 14
};

// A block may hold resident pages behind its last object, from an earlier life; they are released too.
TEST_F(TailBinTest, PagesBehindTheLastObjectAreReleased) {
  const PageHeap::Run run = pages_.take_run(1, 1, kPagesPerBlock);
  std::memset(run.first->address(), 1, kBlockSize);
  pages_.free_run(*run.first, Left::all);
  take(capacity());
  EXPECT_EQ(dirty(), 1u);
  release();
  EXPECT_EQ(dirty(), 0u);
  EXPECT_EQ(pages_.accounts().resident_pages.get(), kPagesPerBlock - 1);
  expect_in_order();
}

using BinDeathTest = BinTest;

// It does not matter which object of the batch is free, or whether its neighbours lie in the same word of the bitmap.
TEST_F(BinDeathTest, AFreeObjectInABatchEndsTheProgram) {
  const std::vector<void*> objects = take(capacity());
  give(objects[3]);
  const testing::ExitedWithCode ended(fake_os::kAbortExitCode);
  void* first[] = {objects[3], objects[4], objects[100]};
  EXPECT_EXIT(bin_.give(class_, pages_, first, 3, "free"), ended, "libneap: double free: free\\(0x");
  void* second[] = {objects[2], objects[3], objects[4]};
  EXPECT_EXIT(bin_.give(class_, pages_, second, 3, "free"), ended, "libneap: double free: free\\(0x");
}

TEST_F(BinDeathTest, AFreeObjectBesidePagesThatAreOutIsNamedItself) {
  const std::vector<void*> objects = take(capacity());
  Block& block = block_of(objects[0]);
  give(objects, 8, 16);  // page 1
  ASSERT_NE(bin_.set_aside(class_, block, pages_), 0);
  give(objects[30]);
  std::ostringstream line;
  line << "libneap: double free: free\\(0x" << std::hex << address_of(objects[30]) << "\\)";
  void* batch[] = {objects[30], objects[31]};
  EXPECT_EXIT(bin_.give(class_, pages_, batch, 2, "free"), testing::ExitedWithCode(fake_os::kAbortExitCode),
              line.str());
}

}  // namespace
}  // namespace neap
