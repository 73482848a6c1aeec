#include "pages/accounts.h"

#include <gtest/gtest.h>

#include <thread>

#include "rig.h"

namespace neap {
namespace {

template <class Sum>
void expect_sums() {
  Sum sum;
  EXPECT_EQ(sum.get(), 0u);
  sum.add(10);
  sum.add(5);
  EXPECT_EQ(sum.get(), 15u);
  sum.subtract(4);
  EXPECT_EQ(sum.get(), 11u);
  sum.subtract(11);
  EXPECT_EQ(sum.get(), 0u);
}

TEST(Accounts, ACounterAddsAndSubtracts) {
  expect_sums<Counter>();
  expect_sums<LockedCounter>();
  leave_single_thread();
  expect_sums<Counter>();
}

TEST(Accounts, ACounterLosesNothingOfSeveralThreads) {
  leave_single_thread();
  Counter sum;
  const auto count = [&] {
    for (int i = 0; i < 20000; ++i) sum.add(3);
  };
  std::thread first(count), second(count);
  first.join();
  second.join();
  EXPECT_EQ(sum.get(), 120000u);
}

TEST(Accounts, WhatIsReusedIsMarkedNoMore) {
  Accounts accounts;
  accounts.marked_pages.add(10);
  accounts.reuse(4);
  EXPECT_EQ(accounts.marked_pages.get(), 6u);
  EXPECT_EQ(accounts.reused_pages.get(), 4u);
}

}  // namespace
}  // namespace neap
