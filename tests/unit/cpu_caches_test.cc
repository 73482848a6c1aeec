// The stacks that threads of one CPU share, by real restartable sequences. Where this system has none, or the thread
// sanitizer runs, only the first test has something to show.
#include "caches/cpu_caches.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

constexpr std::size_t kCpus = 64;

class CpuCachesTest : public RigTest {
 protected:
  // The test stays on one CPU, so that every call finds the same stacks.
  CpuCachesTest() {
    leave_single_thread();
    sched_getaffinity(0, sizeof before_, &before_);
    move_to(sched_getcpu());
    rig_.keep_dirty_pages();
    fake_os::set_cpu_bound(kCpus);
    rig_.warm_up();
  }
  ~CpuCachesTest() override { sched_setaffinity(0, sizeof before_, &before_); }

  void SetUp() override {
    if (!rseq::is_registered()) GTEST_SKIP() << "no restartable sequences here";
    first_ = rig_.heap.open_cache();
    one_ = rig_.heap.open_cache();
    other_ = rig_.heap.open_cache();
  }
  static void move_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
  }
  // Another CPU than this one, with bins of its own; -1 where there is none.
  int another_cpu() const {
    const int here = sched_getcpu();
    for (int cpu = 0; cpu < static_cast<int>(kCpus); ++cpu) {
      if (CPU_ISSET(static_cast<unsigned>(cpu), &before_) && cpu % kMaxOwners != here % kMaxOwners) return cpu;
    }
    return -1;
  }
  // The stacks of the CPU; null before their first use.
  Stacks* stacks() {
    for (std::size_t i = 0; i < kCpus; ++i) {
      auto* stacks = reinterpret_cast<Stacks*>(static_cast<char*>(one_->shared) - rseq::kMark + (i << rseq::kShift));
      if (stacks->shape.load() != nullptr) return stacks;
    }
    return nullptr;
  }
  std::int64_t capacity_bytes() {
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      const std::uint64_t head = stacks()->heads[c].load(), top = head & UINT32_MAX, limit = head >> 32;
      EXPECT_LE(stacks()->bottom(c), top);
      EXPECT_LE(top, limit);
      EXPECT_LE(limit, stacks()->bottom(c) + kCpuShape.max_capacity(c) * sizeof(void*));
      bytes += static_cast<std::int64_t>((limit - stacks()->bottom(c)) / sizeof(void*) * class_size(c));
    }
    return bytes;
  }

  ThreadCache *first_ = nullptr, *one_ = nullptr, *other_ = nullptr;
  cpu_set_t before_;
};

// Each way in which a thread comes to stacks of its own.
TEST(CpuCaches, WithoutThemEveryThreadHasStacksOfItsOwn) {
  for (const bool wanted : {false, true}) {
    Rig rig;
    rig.heap.options.cpu_caches = wanted ? 1 : 0;
    fake_os::set_cpu_bound(wanted ? 0 : kCpus);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(rig.heap.open_cache()->shares());
  }
  Rig rig;
  fake_os::set_cpu_bound(kCpus);
  fake_os::refuse(fake_os::Call::make_readable);
  rig.heap.open_cache();
  const std::size_t before = fake_os::reservations().size();
  EXPECT_FALSE(rig.heap.open_cache()->shares());
  EXPECT_EQ(fake_os::reservations().size(), before);
}

// Objects of mixed blocks lie at multiples of 16 alone. One may be on the stack when an aligned one is asked for:
// another thread has just filled it.
TEST(CpuCaches, AnAlignedObjectIsNeverOneOfAMixedBlock) {
  if (!rseq::is_registered()) GTEST_SKIP() << "no restartable sequences here";
  leave_single_thread();
  Rig rig;
  fake_os::set_cpu_bound(kCpus);
  rig.heap.open_cache();
  ThreadCache* cache = rig.heap.open_cache();
  rig.allocate(nullptr, 16);
  void* mixed = rig.allocate(cache, 64);
  ASSERT_NE(address_of(mixed) % 64, 0u);
  EXPECT_EQ(address_of(rig.heap.allocate_in_slab(cache, class_of(64))) % 64, 0u);
  EXPECT_EQ(address_of(rig.allocate(cache, 64)), address_of(mixed) + 64) << "the stack was empty";
}

TEST_F(CpuCachesTest, TheFirstThreadKeepsItsOwnStacks) {
  EXPECT_FALSE(first_->shares());
  EXPECT_TRUE(one_->shares());
  EXPECT_TRUE(other_->shares());
  EXPECT_EQ(stacks(), nullptr) << "none before their first use";
}

TEST_F(CpuCachesTest, WhatOneThreadFreesTheNextOneGets) {
  make(one_, 10, 64);
  void* object = rig_.allocate(one_, 64);
  rig_.free(one_, object);
  EXPECT_EQ(rig_.allocate(other_, 64), object);
}

TEST_F(CpuCachesTest, ObjectsComeInAddressOrder) {
  const std::vector<void*> all = make(one_, 500, 80);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

// What lies on a CPU's stack is known to be free, whichever thread frees it again, with a cache or without.
TEST_F(CpuCachesTest, FreeingWhatACpusStackHoldsEndsTheProgram) {
  void* object = rig_.allocate(one_, 200);
  void* other = rig_.allocate(one_, 200);
  rig_.free(one_, object);
  rig_.free(other_, other);
  EXPECT_EXIT(rig_.free(other_, object), aborted, "libneap: double free: free\\(0x");
  EXPECT_EXIT(rig_.free(nullptr, other), aborted, "libneap: double free: free\\(0x");
}

// Objects smaller than a cache line are a thread's own: no two threads on a CPU are given parts of one line, and what
// one of them frees does not go to another.
TEST_F(CpuCachesTest, ThreadsShareNoCacheLine) {
  for (const std::size_t size : {8u, 16u, 32u, 48u}) {
    std::map<std::uintptr_t, ThreadCache*> owners;
    std::vector<void*> all;
    for (int i = 0; i < 600; ++i) {
      ThreadCache* cache = i % 3 == 0 ? one_ : other_;
      void* object = rig_.allocate(cache, size);
      const std::uintptr_t begin = address_of(object) / kCacheLine, end = (address_of(object) + size - 1) / kCacheLine;
      for (std::uintptr_t line = begin; line <= end; ++line) {
        EXPECT_EQ(owners.emplace(line, cache).first->second, cache) << size << " bytes, object " << i;
      }
      i % 2 == 0 ? rig_.free(cache, object) : all.push_back(object);
    }
    free(one_, all);
  }
  rig_.expect_in_order();
}

TEST_F(CpuCachesTest, StacksKeepToTheirBudget) {
  std::vector<void*> all;
  for (std::size_t round = 0; round < 6; ++round) {
    for (std::size_t size = 72; size <= kLargestCached; size += 40) {
      const std::vector<void*> some = make(round % 2 == 0 ? one_ : other_, 20 + round * 7, size);
      all.insert(all.end(), some.begin(), some.end());
      EXPECT_EQ(capacity_bytes() + stacks()->budget.load(), stacks()->granted.load());
    }
    free(one_, all);
    all.clear();
    EXPECT_EQ(capacity_bytes() + stacks()->budget.load(), stacks()->granted.load());
    const std::uint64_t of_two = 2 * largest_budget(rig_.sums().resident_bytes, 3);  // nothing is released here
    EXPECT_LE(stacks()->granted.load(), static_cast<std::int64_t>(of_two));
    EXPECT_LE(stacks()->granted.load(), static_cast<std::int64_t>(rig_.heap.options.cache_bytes * 16));
    EXPECT_GE(stacks()->granted.load(), static_cast<std::int64_t>(rig_.heap.options.cache_bytes))
        << "what one may have";
  }
  rig_.expect_in_order();
}

TEST_F(CpuCachesTest, FlushingGivesBackWhatTheyHold) {
  for (const std::size_t size : {16u, 64u}) free(one_, make(one_, 300, size));  // its own stacks, the CPU's
  EXPECT_GT(rig_.sums().small_bytes, 0u);
  rig_.heap.flush_all(*one_);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  EXPECT_EQ(capacity_bytes() + stacks()->budget.load(), stacks()->granted.load());
}

TEST_F(CpuCachesTest, TheLastThreadThatEndsEmptiesThem) {
  free(one_, make(one_, 300, 16));
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

// A thread may be preempted while it works on a stack. Other threads then do without this stack.
TEST_F(CpuCachesTest, AStackThatIsTakenIsGoneRound) {
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  void* object = rig_.allocate(one_, 64);
  make(one_, 4, 64);
  const rseq::Claimed taken = rseq::claim(one_->shared, c, nullptr);
  ASSERT_NE(taken.head, 0u);
  EXPECT_EQ(rseq::claim(one_->shared, c, nullptr).head, 0u);
  const std::vector<void*> some = make(other_, 40, 64);
  EXPECT_EQ(std::count(some.begin(), some.end(), object), 0);
  rig_.free(other_, object);
  EXPECT_EQ(stacks()->heads[c].load(), 0u);
  EXPECT_EQ(other_->stash.objects[other_->stash.count - 1], object);
  stacks()->heads[c].store(taken.head);
  free(one_, some);
  EXPECT_EQ(capacity_bytes() + stacks()->budget.load(), stacks()->granted.load());
}

// One that is never fetched ahead only asks for capacity.
TEST_F(CpuCachesTest, AStackThatIsTakenIsNotAskedForCapacity) {
  const std::size_t c = static_cast<std::size_t>(class_of(2000));
  make(one_, 1, 2000);
  const rseq::Claimed taken = rseq::claim(one_->shared, c, nullptr);
  ASSERT_NE(taken.head, 0u);
  EXPECT_NE(rig_.allocate(other_, 2000), nullptr);
  EXPECT_EQ(stacks()->heads[c].load(), 0u);
  stacks()->heads[c].store(taken.head);
  EXPECT_EQ(capacity_bytes() + stacks()->budget.load(), stacks()->granted.load());
}

TEST_F(CpuCachesTest, FlushingBeforeTheirFirstUseTouchesNothing) {
  rig_.heap.flush_all(*one_);
  EXPECT_EQ(stacks(), nullptr);
}

TEST_F(CpuCachesTest, ASystemWithoutMemoryForThemServesFromTheBins) {
  fake_os::refuse(fake_os::Call::commit);
  std::vector<void*> all = make(one_, 50, 64);
  EXPECT_EQ(std::count(all.begin(), all.end(), nullptr), 0);
  EXPECT_EQ(stacks(), nullptr);
  fake_os::allow(fake_os::Call::commit);
  free(one_, all);
  all = make(one_, 50, 64);
  EXPECT_NE(stacks(), nullptr);
  free(one_, all);
  rig_.expect_in_order();
}

TEST_F(CpuCachesTest, AfterForkTheChildGivesUpWhatLiesInThem) {
  const std::size_t c = static_cast<std::size_t>(class_of(64));
  free(one_, make(one_, 300, 64));
  rseq::claim(one_->shared, static_cast<std::size_t>(class_of(600)), nullptr);  // torn: nobody will end it
  rig_.heap.before_fork();
  rig_.heap.after_fork_in_child(one_);
  EXPECT_EQ(stacks()->heads[c].load(), Stacks::head(stacks()->bottom(c), stacks()->bottom(c)));
  EXPECT_EQ(capacity_bytes(), 0);
  free(one_, make(one_, 300, 600));
  rig_.expect_in_order();
  rig_.heap.close_cache(*one_);
  EXPECT_EQ(capacity_bytes(), 0);
}

// What threads on two CPUs take lies in slabs of each CPU's own; what either frees goes back to where it lies.
TEST_F(CpuCachesTest, EachCpuIsServedFromSlabsOfItsOwn) {
  const int second = another_cpu();
  if (second < 0) GTEST_SKIP() << "one CPU";
  constexpr std::size_t kSize = 256, kCount = 2000;
  std::vector<void*> here = make(one_, kCount, kSize);
  move_to(second);
  std::vector<void*> there = make(other_, kCount, kSize);
  std::set<Block*> blocks_here, blocks_there;
  const std::size_t first_few = kCount / 4;  // until the second CPU's class has earned slabs, holes serve it
  for (void* object : here) blocks_here.insert(&rig_.block(object));
  for (std::size_t i = first_few; i < kCount; ++i) blocks_there.insert(&rig_.block(there[i]));
  std::vector<Block*> both;
  std::set_intersection(blocks_here.begin(), blocks_here.end(), blocks_there.begin(), blocks_there.end(),
                        std::back_inserter(both));
  EXPECT_TRUE(both.empty()) << both.size() << " of " << blocks_there.size();
  for (std::size_t i = 0; i < kCount; ++i) {  // on the second CPU, of both by turns
    rig_.free(other_, here[i]);
    rig_.free(other_, there[i]);
  }
  rig_.heap.flush_all(*other_);
  rig_.heap.flush_all(*one_);
  EXPECT_EQ(rig_.sums().small_bytes, 0u);
  rig_.expect_in_order();
}

// Where a CPU's bins find no room and the system gives none, the bins of the first owner serve the CPU.
TEST_F(CpuCachesTest, WithoutMemoryForItsBinsACpuIsServedFromTheFirstOnes) {
  const int second = another_cpu();
  if (second < 0) GTEST_SKIP() << "one CPU";
  std::vector<void*> here = make(one_, 100, 256);
  const std::uint64_t before = rig_.sums().metadata_bytes;
  while (rig_.sums().metadata_bytes == before) rig_.heap.open_cache();
  const std::uint64_t step = rig_.sums().metadata_bytes - before;
  for (std::uint64_t used = ThreadCache::bytes(true); step - used >= sizeof(OwnerBins);
       used += ThreadCache::bytes(true)) {
    rig_.heap.open_cache();
  }
  move_to(second);
  fake_os::refuse(fake_os::Call::reserve);
  std::vector<void*> there = make(other_, 100, 256);
  EXPECT_EQ(std::count(there.begin(), there.end(), nullptr), 0);
  EXPECT_EQ(other_->owner, 0);
  fake_os::allow(fake_os::Call::reserve);
  free(other_, here);
  free(other_, there);
  rig_.expect_in_order();
}

TEST_F(CpuCachesTest, FreeingTwiceIsSeen) {
  void* object = rig_.allocate(one_, 64);
  rig_.free(one_, object);
  EXPECT_EXIT(rig_.free(other_, object), testing::ExitedWithCode(fake_os::kAbortExitCode),
              "libneap: double free: free");
}

}  // namespace
}  // namespace neap
