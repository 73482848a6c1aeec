// The profiler's table of live samples and the filter before it.
#include "tracer/sample_slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace neap::tracer {
namespace {

using samples::Table;

class SampleSlots : public testing::Test {
 protected:
  bool lives(std::uint64_t address) const {
    for (const auto& place : table->address)
      if (place.load() == address) return true;
    return false;
  }
  bool keep(std::uint64_t address) { return keep_sample(*table, address, {16, 1, 0, 0}); }
  void forget(std::uint64_t address) { forget_sample(*table, address); }
  void TearDown() override {
    for (auto& byte : sample_filter)
      if (byte.load() != 0) byte.store(0);
  }

  std::unique_ptr<Table> table = std::make_unique<Table>();
};

constexpr std::uint64_t kObject = 0x5500'1234'5600, kFourGiB = std::uint64_t{1} << 32;

TEST_F(SampleSlots, AFreeAsksAfterASampleAndItsNeighboursAlone) {
  EXPECT_FALSE(may_be_sampled(kObject));
  ASSERT_TRUE(keep(kObject));
  EXPECT_TRUE(may_be_sampled(kObject));
  EXPECT_TRUE(may_be_sampled(kObject + 240));
  EXPECT_FALSE(may_be_sampled(kObject + 256));
  EXPECT_FALSE(may_be_sampled(kObject - 16));
  forget(kObject);
  EXPECT_FALSE(may_be_sampled(kObject));
  EXPECT_FALSE(lives(kObject));
}

TEST_F(SampleSlots, SamplesOfOneBitAreForgottenEachForItself) {
  for (const std::uint64_t other : {kObject + 8, kObject + 16, kObject + kFourGiB}) {
    ASSERT_TRUE(keep(kObject) && keep(other));
    forget(kObject);
    EXPECT_FALSE(lives(kObject));
    EXPECT_TRUE(lives(other));
    EXPECT_TRUE(may_be_sampled(other));
    forget(other);
    EXPECT_FALSE(lives(other));
    EXPECT_FALSE(may_be_sampled(other));
  }
}

TEST_F(SampleSlots, AnObjectThatWasFreedUnseenMakesRoomForTheNextOneThere) {
  ASSERT_TRUE(keep(kObject) && keep(kObject));
  forget(kObject);
  EXPECT_FALSE(lives(kObject));
  EXPECT_FALSE(may_be_sampled(kObject));
}

TEST_F(SampleSlots, WhatWasAskedForIsAskedForever) {
  alignas(256) static char early[1000];
  ask_for(early, sizeof early);
  const auto start = reinterpret_cast<std::uint64_t>(early);
  for (std::uint64_t at = start; at < start + sizeof early; at += 8) {
    ASSERT_TRUE(keep(at + kFourGiB));  // of the same bit
    forget(at + kFourGiB);
    EXPECT_TRUE(may_be_sampled(at));
  }
}

// Four threads in one heap, as many samples as a dense one has, neighbours among them: each knows its own objects.
TEST_F(SampleSlots, AtRandomInThreads) {
  auto work = [&](std::uint64_t thread) {
    std::mt19937_64 chance(thread);
    std::set<std::uint64_t> kept;
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t address = kObject + (chance() % 16'000 * 4 + thread) * 8;
      if (kept.erase(address) != 0)
        forget(address);
      else if (keep(address))
        kept.insert(address);
    }
    for (const std::uint64_t address : kept) forget(address);
  };
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  for (const auto& place : table->address) EXPECT_EQ(place.load(), 0u);
  for (std::uint64_t at = 0; at < 16'000 * 4 * 8; at += 256) EXPECT_FALSE(may_be_sampled(kObject + at));
}

}  // namespace
}  // namespace neap::tracer
