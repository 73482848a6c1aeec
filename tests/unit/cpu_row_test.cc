// The rows that threads of one CPU share, by real restartable sequences. Where this system has none, or the thread
// sanitizer runs, only the first test has something to show.
#include "heap/cpu_row.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

constexpr std::size_t kCpus = 64;

class CpuRowTest : public RigTest {
 protected:
  // On one CPU, so that every call finds the same row.
  CpuRowTest() {
    leave_single_thread();
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &here);
    sched_setaffinity(0, sizeof here, &here);
    rig_.heap.options.dirty_floor = std::uint64_t{1} << 40;
    fake_os::set_cpu_bound(kCpus);
    rig_.warm_up();
  }
  ~CpuRowTest() override { sched_setaffinity(0, sizeof before_, &before_); }

  void SetUp() override {
    if (!rseq::is_registered()) GTEST_SKIP() << "no restartable sequences here";
    first_ = rig_.heap.open_cache();
    one_ = rig_.heap.open_cache();
    other_ = rig_.heap.open_cache();
  }
  CpuRow* row() {
    for (std::size_t i = 0; i < kCpus; ++i) {
      auto* row = reinterpret_cast<CpuRow*>(rig_.heap.rows() - rseq::kMark + (i << rseq::kRowShift));
      if (row->state.load() == CpuRow::ready) return row;
    }
    return nullptr;
  }
  std::int64_t room_bytes() {
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      const std::uint64_t head = row()->heads[c].load(), top = head & UINT32_MAX, limit = head >> 32;
      EXPECT_LE(row()->bottom(c), top);
      EXPECT_LE(top, limit);
      EXPECT_LE(limit, row()->bottom(c) + most_in_row(c) * sizeof(void*));
      bytes += static_cast<std::int64_t>((limit - row()->bottom(c)) / sizeof(void*) * class_size(c));
    }
    return bytes;
  }

  ThreadCache *first_ = nullptr, *one_ = nullptr, *other_ = nullptr;
  cpu_set_t before_;
};

// Each way in which a thread comes to stacks of its own.
TEST(CpuRows, WithoutThemEveryThreadHasStacksOfItsOwn) {
  for (const bool wanted : {false, true}) {
    Rig rig;
    rig.heap.options.cpu_caches = wanted ? 1 : 0;
    fake_os::set_cpu_bound(wanted ? 0 : kCpus);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(rig.heap.open_cache()->shares_rows);
    EXPECT_EQ(rig.heap.rows(), nullptr);
  }
  Rig rig;
  fake_os::set_cpu_bound(kCpus);
  fake_os::refuse(fake_os::Call::make_readable);
  rig.heap.open_cache();
  const std::size_t before = fake_os::reservations().size();
  EXPECT_FALSE(rig.heap.open_cache()->shares_rows);
  EXPECT_EQ(fake_os::reservations().size(), before);
}

TEST_F(CpuRowTest, TheFirstThreadKeepsItsOwnStacks) {
  EXPECT_FALSE(first_->shares_rows);
  EXPECT_TRUE(one_->shares_rows);
  EXPECT_TRUE(other_->shares_rows);
  EXPECT_EQ(row(), nullptr) << "no row before its first use";
}

TEST_F(CpuRowTest, WhatOneThreadFreesTheNextOneGets) {
  make(one_, 10, 64);
  void* object = rig_.allocate(one_, 64);
  rig_.free(one_, object);
  EXPECT_EQ(rig_.allocate(other_, 64), object);
}

TEST_F(CpuRowTest, ObjectsComeInAddressOrder) {
  const std::vector<void*> all = make(one_, 500, 48);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST_F(CpuRowTest, ARowKeepsToItsBudget) {
  std::vector<void*> all;
  for (std::size_t round = 0; round < 6; ++round) {
    for (std::size_t size = 8; size <= kLargestCached; size += 40) {
      const std::vector<void*> some = make(round % 2 == 0 ? one_ : other_, 20 + round * 7, size);
      all.insert(all.end(), some.begin(), some.end());
      EXPECT_EQ(room_bytes() + row()->budget.load(), row()->granted.load());
    }
    free(one_, all);
    all.clear();
    EXPECT_EQ(room_bytes() + row()->budget.load(), row()->granted.load());
    EXPECT_LE(row()->granted.load(), static_cast<std::int64_t>(rig_.heap.options.cache_bytes) * 2);
  }
  rig_.expect_in_order();
}

TEST_F(CpuRowTest, FlushingGivesBackWhatTheRowHolds) {
  free(one_, make(one_, 300, 64));
  EXPECT_GT(rig_.sums().small_bytes, 0u);
  rig_.heap.flush_all(*one_);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  EXPECT_EQ(room_bytes() + row()->budget.load(), row()->granted.load());
}

TEST_F(CpuRowTest, TheLastThreadThatEndsEmptiesTheRows) {
  free(one_, make(one_, 300, 64));
  free(other_, make(other_, 300, 600));
  rig_.heap.close_cache(*one_);
  EXPECT_GT(rig_.sums().small_bytes, 0u);
  rig_.heap.close_cache(*other_);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
  EXPECT_EQ(rig_.heap.open_cache(), other_);
  free(other_, make(other_, 300, 600));
  rig_.expect_in_order();
}

// A thread that was preempted while it worked on a stack.
TEST_F(CpuRowTest, AStackThatIsTakenIsGoneRound) {
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  void* object = rig_.allocate(one_, 64);
  make(one_, 4, 64);
  const rseq::Claimed taken = rseq::claim(rig_.heap.rows(), c, nullptr);
  ASSERT_NE(taken.head, 0u);
  EXPECT_EQ(rseq::claim(rig_.heap.rows(), c, nullptr).head, 0u);
  const std::vector<void*> some = make(other_, 40, 64);
  EXPECT_EQ(std::count(some.begin(), some.end(), object), 0);
  rig_.free(other_, object);
  EXPECT_EQ(row()->heads[c].load(), 0u);
  EXPECT_EQ(other_->stash.objects[other_->stash.count - 1], object);
  row()->heads[c].store(taken.head);
  free(one_, some);
  EXPECT_EQ(room_bytes() + row()->budget.load(), row()->granted.load());
}

TEST_F(CpuRowTest, ASystemWithoutMemoryForARowServesFromTheBins) {
  fake_os::refuse(fake_os::Call::commit);
  std::vector<void*> all = make(one_, 50, 64);
  EXPECT_EQ(std::count(all.begin(), all.end(), nullptr), 0);
  EXPECT_EQ(row(), nullptr);
  fake_os::allow(fake_os::Call::commit);
  free(one_, all);
  all = make(one_, 50, 64);
  EXPECT_NE(row(), nullptr);
  free(one_, all);
  rig_.expect_in_order();
}

TEST_F(CpuRowTest, AfterForkTheChildGivesUpWhatLiesInRows) {
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  free(one_, make(one_, 300, 64));
  rseq::claim(rig_.heap.rows(), static_cast<std::size_t>(class_of(600)), nullptr);  // torn: nobody will end it
  rig_.heap.before_fork();
  rig_.heap.after_fork_in_child(one_);
  EXPECT_EQ(row()->heads[c].load(), CpuRow::head(row()->bottom(c), row()->bottom(c)));
  EXPECT_EQ(room_bytes(), 0);
  free(one_, make(one_, 300, 600));
  rig_.expect_in_order();
  rig_.heap.close_cache(*one_);
  EXPECT_EQ(room_bytes(), 0);
}

TEST_F(CpuRowTest, FreeingTwiceIsSeen) {
  void* object = rig_.allocate(one_, 64);
  rig_.free(one_, object);
  EXPECT_EXIT(rig_.free(other_, object), testing::ExitedWithCode(fake_os::kAbortExitCode),
              "libneap: double free: free");
}

}  // namespace
}  // namespace neap
