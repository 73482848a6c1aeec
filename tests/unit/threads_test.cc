// Several threads on one heap, each with its cache, hand objects to one another. Others meanwhile open and close
// caches, release everything and take fork's locks. In its build the thread sanitizer checks all of this.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

constexpr int kThreads = 4, kSteps = 16000;
constexpr std::size_t kPlaces = 6000;

// Objects anyone may put down and anyone else pick up; each begins with its own size.
struct Exchange {
  std::array<std::atomic<std::size_t*>, kPlaces> places{};
};

void check_and_free(Rig& rig, ThreadCache* cache, std::size_t* object) {
  const std::size_t size = *object;
  const auto* bytes = reinterpret_cast<const unsigned char*>(object);
  for (std::size_t i = sizeof size; i < size; i += 64) ASSERT_EQ(bytes[i], size % 251);
  rig.free(cache, object);
}

// Sizes of one kind at a time, so that slabs of others become sparse and are opened.
std::size_t small_size(int step, std::size_t random) {
  const std::size_t least = 8 + static_cast<std::size_t>(step / 2000) * 24;
  return random % 8 == 0 ? 8 + random / 8 % 500 : least + random / 8 % 16;
}

void trade(Rig& rig, Exchange& exchange, unsigned seed) {
  std::mt19937 random(seed);
  ThreadCache* cache = rig.heap.open_cache();
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t kind = random() % 40;
    const std::size_t size = kind == 0  ? 8 + random() % 300000
                             : kind < 4 ? 8 + random() % 20000
                                        : small_size(step, random());
    auto* object = static_cast<std::size_t*>(rig.allocate(cache, size));
    ASSERT_NE(object, nullptr);
    std::memset(object, static_cast<int>(size % 251), size);
    *object = size;
    object = exchange.places[random() % kPlaces].exchange(object, std::memory_order_acq_rel);
    if (object != nullptr) check_and_free(rig, cache, object);
    if (random() % 1500 == 0) {
      rig.heap.close_cache(*cache);
      cache = rig.heap.open_cache();
    }
  }
  rig.heap.close_cache(*cache);
}

// Stops everyone as fork does, and looks at the figures as the tool does.
void disturb(Rig& rig, const std::atomic<bool>& ended) {
  while (!ended.load(std::memory_order_relaxed)) {
    rig.heap.release_all();
    rig.heap.before_fork();
    rig.heap.after_fork_in_parent();
    rig.heap.publish();
    std::this_thread::yield();
  }
}

TEST(Threads, TradeObjectsUnderReleaseAndFork) {
  Rig rig;
  rig.heap.options.decay_events = 500;
  rig.heap.options.dirty_floor = 64 << 10;
  Exchange exchange;
  std::atomic<bool> ended{false};
  std::thread disturber([&] { disturb(rig, ended); });
  std::vector<std::thread> traders;
  for (unsigned i = 0; i < kThreads; ++i) traders.emplace_back([&, i] { trade(rig, exchange, i); });
  for (std::thread& trader : traders) trader.join();
  ended.store(true, std::memory_order_relaxed);
  disturber.join();
  const std::uint64_t opened = rig.recounted().mixed_blocks;
  for (auto& place : exchange.places) {
    if (std::size_t* object = place.load()) check_and_free(rig, nullptr, object);
  }
  EXPECT_GT(opened, 0u) << "the sizes did not change enough";
  rig.expect_in_order();
  EXPECT_EQ(rig.sums().small_bytes, 0u);
  EXPECT_EQ(rig.sums().large_bytes, 0u);
  EXPECT_EQ(rig.sums().threads, 0u);
}

}  // namespace
}  // namespace neap
