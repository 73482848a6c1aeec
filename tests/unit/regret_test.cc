// How far above its limit a heap may stay when its pages come back as fast as they go.
#include "limits/regret.h"

#include <gtest/gtest.h>

#include "rig.h"

namespace neap {
namespace {

constexpr std::uint64_t kInUse = 8000;           // pages
constexpr std::uint64_t kSlack = 1024 + kInUse;  // of a steady heap

class RegretTest : public testing::Test {
 protected:
  // Lets time pass, in which `missed` pages came back after their release and `kept` pages without one.
  void pass(std::uint64_t milliseconds, std::uint64_t missed, std::uint64_t kept = 0) {
    now_.time += milliseconds * kMillisecond;
    now_.missed += missed;
    now_.reused += kept;
    regret_.look(now_);
  }

  Regret regret_;
  PageTraffic now_{1000 * kMillisecond, 0, 0, kInUse};
};

TEST_F(RegretTest, PagesThatAreMissedAllTheTimeMayStay) {
  pass(50, 5000);
  for (int i = 0; i < 2; ++i) pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 0u) << "not before the third window in a row";
  EXPECT_EQ(regret_.reach(), kSlack);
  pass(50, 5000);
  EXPECT_EQ(regret_.slack(), kSlack);
  EXPECT_EQ(regret_.reach(), 0u);
  now_.in_use = 80;
  pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 80 / 8u) << "it is bounded by what is in use now";
}

TEST_F(RegretTest, AHeapThatSwingsMayKeepAnEighth) {
  for (int i = 0; i < 20; ++i) {
    now_.in_use = i % 2 == 0 ? 2000 : 8000;
    pass(50, 5000);
    EXPECT_EQ(regret_.slack(), i < 3 ? 0 : 1024 + 2000 / 8u) << i;
  }
}

TEST_F(RegretTest, ASteadyHeapMayKeepAsMuchAsItUsesAtItsLeast) {
  for (int i = 0; i < 5; ++i) {
    now_.in_use = i % 2 == 0 ? 2000 : 6000;
    pass(50, 5000);
  }
  EXPECT_EQ(regret_.slack(), 1024 + 2000u);
}

TEST_F(RegretTest, WhatASwingWasIsForgotten) {
  now_.in_use = 40'000;
  pass(50, 5000);
  now_.in_use = 2000;
  for (int i = 0; i < 14; ++i) pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 2000 / 8u);
  pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 2000u) << "(7/8)^15 of 40,000 is below 6,000";
}

TEST_F(RegretTest, ASteadyHeapKeepsNoMoreThan32MiBMore) {
  now_.in_use = 20'000;
  for (int i = 0; i < 4; ++i) pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 8192u);
  now_.in_use = 80'000;
  for (int i = 0; i < 40; ++i) pass(50, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 80'000 / 8u);
}

TEST_F(RegretTest, TheSlackOfASteadyHeapFollowsWhatItUses) {
  for (int i = 0; i < 4; ++i) pass(50, 5000);
  now_.in_use = 4000;
  pass(50, 0, 5000);
  EXPECT_EQ(regret_.slack(), 1024 + 4000u);
  now_.in_use = kInUse;
  for (int i = 0; i < 8; ++i) pass(50, 0, 5000);
  EXPECT_EQ(regret_.slack(), kSlack);
}

TEST_F(RegretTest, ThatOfAnotherOnlyFallsUntilItIsHotAgain) {
  const auto swing = [&](std::uint64_t missed) {
    for (const std::uint64_t in_use : {8000u, 80'000u, 80'000u}) {
      now_.in_use = in_use;
      pass(50, missed, 5000);
    }
  };
  pass(50, 5000);
  swing(5000);
  EXPECT_EQ(regret_.slack(), 1024 + 80'000 / 8u);
  swing(0);
  EXPECT_EQ(regret_.slack(), 1024 + 8000 / 8u);
  swing(5000);
  EXPECT_EQ(regret_.slack(), 1024 + 80'000 / 8u);
}

TEST_F(RegretTest, ASlackThatHasEndedDoesNotBeginAsTheHeapGrowsSteady) {
  for (int i = 0; i < 4; ++i) pass(50, 5000);
  now_.in_use = 80;  // not steady
  for (int i = 0; i < 6; ++i) pass(50, 0);
  EXPECT_EQ(regret_.slack(), 0u);
  now_.in_use = 8000;
  for (int i = 0; i < 60; ++i) {
    pass(50, 0, 5000);
    EXPECT_EQ(regret_.slack(), 0u) << i;
  }
}

// Nothing looks any more once a process is idle, so what its last frees left in use bounds the slack by itself.
TEST_F(RegretTest, ASteadyHeapThatHasFallenMayKeepAnEighthAtOnce) {
  for (int i = 0; i < 4; ++i) pass(50, 5000);
  EXPECT_EQ(regret_.slack_at(kInUse), kSlack);
  EXPECT_EQ(regret_.slack_at(kInUse * 9 / 16), kSlack);
  EXPECT_EQ(regret_.slack_at(kInUse * 9 / 16 - 1), 1024 + (kInUse * 9 / 16 - 1) / 8);
  EXPECT_EQ(regret_.slack_at(0), 1024u);
}

TEST_F(RegretTest, OneThatSwingsMayKeepAnEighthOfWhatIsInUseNow) {
  for (int i = 0; i < 20; ++i) {
    now_.in_use = i % 2 == 0 ? 8000 : 80'000;
    pass(50, 5000);
  }
  EXPECT_EQ(regret_.slack_at(80'000), 1024 + 8000 / 8u) << "as the last look found it";
  EXPECT_EQ(regret_.slack_at(800), 1024 + 800 / 8u);
}

// Each call interrupts the CPUs of other threads, so it costs as much as five pages.
TEST_F(RegretTest, CallsCountWhereThereAreSeveralThreads) {
  for (const bool several : {false, true}) {
    now_.has_threads = several;
    for (int i = 0; i < 4; ++i) {
      now_.calls += 1000;
      pass(50, 0);
    }
    EXPECT_EQ(regret_.slack(), several ? kSlack : 0u);
  }
}

TEST_F(RegretTest, AYoungProgramIsJudgedSooner) {
  pass(1, 0);
  for (int i = 0; i < 2; ++i) pass(12, 1200);
  EXPECT_EQ(regret_.slack(), 0u) << "not before the third window in a row";
  pass(12, 1200);
  EXPECT_EQ(regret_.slack(), kSlack);
}

TEST_F(RegretTest, InItsFirstMomentsAProcessHasSlackWithoutAReason) {
  regret_.begin(now_.time);
  EXPECT_EQ(regret_.slack(), 1024u);
  EXPECT_EQ(regret_.slack_at(0), 1024u);
  for (int i = 0; i < 5; ++i) pass(7, 0, 1000);
  EXPECT_EQ(regret_.slack(), 1024u);
  pass(7, 0, 1000);
  EXPECT_EQ(regret_.slack(), 0u);
}

TEST_F(RegretTest, TheFirstMomentsOfABusyProcessGoOn) {
  regret_.begin(now_.time);
  pass(1, 0);
  for (int i = 0; i < 3; ++i) pass(12, 1200);
  EXPECT_EQ(regret_.slack(), kSlack);
}

TEST_F(RegretTest, AnOldOneIsNot) {
  pass(1, 0);
  pass(500, 0);
  for (int i = 0; i < 12; ++i) pass(12, 1200);
  EXPECT_EQ(regret_.slack(), 0u) << "less than three windows of 50 ms";
  for (int i = 0; i < 3; ++i) pass(12, 1200);
  EXPECT_EQ(regret_.slack(), kSlack);
}

TEST_F(RegretTest, TheSameTrafficInMoreTimeIsNoReason) {
  for (int i = 0; i < 100; ++i) pass(1000, 5000);
  EXPECT_EQ(regret_.slack(), 0u);
}

TEST_F(RegretTest, ATwelfthOfTheTimeIsNoReasonAndMoreIs) {
  for (int i = 0; i < 10; ++i) pass(60, 2500);
  EXPECT_EQ(regret_.slack(), 0u);
  for (int i = 0; i < 3; ++i) pass(60, 2501);
  EXPECT_EQ(regret_.slack(), kSlack);
}

TEST_F(RegretTest, ABurstIsNoReason) {
  for (int i = 0; i < 100; ++i) {
    for (int hot = 0; hot < 2; ++hot) pass(50, 5000);
    pass(1000, 0);
  }
  EXPECT_EQ(regret_.slack(), 0u);
}

TEST_F(RegretTest, TheSlackStaysWhileItIsOfUse) {
  for (int i = 0; i < 20; ++i) pass(50, 5000);
  const std::uint64_t slack = regret_.slack();
  for (int i = 0; i < 20; ++i) pass(50, 0, 5000);
  EXPECT_EQ(regret_.slack(), slack);
  for (int i = 0; i < 10; ++i) pass(50, 0);
  EXPECT_EQ(regret_.slack(), 0u);
}

TEST_F(RegretTest, WithoutAClockThereIsNone) {
  regret_.begin(0);
  for (int i = 0; i < 20; ++i) {
    now_.time = 0;
    pass(0, 5000);
  }
  EXPECT_EQ(regret_.slack(), 0u);
}

class HotHeapTest : public RigTest {
 protected:
  // Makes batches of 3 MiB, one in each `milliseconds`, and frees each whole. Returns the bytes that were released.
  std::uint64_t batches(ThreadCache* cache, int count, std::uint64_t milliseconds) {
    const std::uint64_t before = rig_.sums().returned_bytes;
    for (int i = 0; i < count; ++i) {
      time_ += milliseconds * kMillisecond;
      fake_os::set_time(time_);
      free(cache, make(cache, 3072, 1024));
    }
    return rig_.sums().returned_bytes - before;
  }

  std::uint64_t time_ = kMillisecond;
};

TEST_F(HotHeapTest, ABusyHeapKeepsItsPagesAndAQuietOneDoesNot) {
  ThreadCache* cache = rig_.heap.open_cache();
  const std::uint64_t quiet = batches(cache, 20, 2000);
  EXPECT_GT(quiet, std::uint64_t{20} << 20);
  batches(cache, 100, 10);
  EXPECT_LT(batches(cache, 20, 10), quiet / 4);
  rig_.expect_in_order();
  batches(cache, 20, 10'000);
  EXPECT_GT(batches(cache, 20, 10'000), quiet / 2);
  rig_.expect_in_order();
}

// A program that takes and frees one large object again and again makes few other events.
TEST_F(HotHeapTest, ALargeObjectThatComesAndGoesAllTheTimeMayStay) {
  ThreadCache* cache = rig_.heap.open_cache();
  const auto returned_by = [&](int count, std::uint64_t milliseconds) {
    const std::uint64_t before = rig_.sums().returned_bytes;
    for (int i = 0; i < count; ++i) {
      fake_os::set_time(time_ += milliseconds * kMillisecond);
      free(cache, make(cache, 1, std::size_t{3} << 20));
    }
    return rig_.sums().returned_bytes - before;
  };
  fake_os::set_time(time_);
  rig_.heap.begin();
  returned_by(200, 2);
  EXPECT_LT(returned_by(100, 2), std::uint64_t{10} << 20) << "of 300 MiB";
  returned_by(10, 1000);
  EXPECT_GT(returned_by(10, 1000), std::uint64_t{25} << 20) << "one in a second goes back at once";
  rig_.expect_in_order();
}

TEST_F(HotHeapTest, ABurstInTheFirstMomentsKeepsItsPages) {
  fake_os::set_time(time_);
  rig_.heap.begin();
  EXPECT_LT(batches(rig_.heap.open_cache(), 1, 10), std::uint64_t{256} << 10);
}

TEST_F(HotHeapTest, AfterThemItDoesNotThoughNothingHappenedBetween) {
  fake_os::set_time(time_);
  rig_.heap.begin();
  ThreadCache* cache = rig_.heap.open_cache();
  free(cache, make(cache, 1, 1024));
  EXPECT_GT(batches(cache, 1, 10'000), std::uint64_t{2} << 20);
}

}  // namespace
}  // namespace neap
