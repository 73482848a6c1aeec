// The lock's states in a process of one thread, and of several; what guards know of their thread.
#include "os/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "rig.h"

namespace neap {
namespace {

TEST(Mutex, OfOneThreadIsHeldAndFree) {
  Mutex mutex;
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
}

TEST(Mutex, IsFreeAgainAfterAReset) {
  Mutex mutex;
  mutex.lock();
  mutex.reset();
  EXPECT_TRUE(mutex.try_lock());
}

TEST(Mutex, LetsOneThreadInAtATime) {
  leave_single_thread();
  Mutex mutex;
  int inside = 0, most = 0, entered = 0;
  const auto enter = [&] {
    for (int i = 0; i < 2000; ++i) {
      const Guard guard(mutex);
      most = std::max(most, ++inside);
      if (i % 100 == 0) std::this_thread::yield();
      ++entered;
      --inside;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(enter);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(entered, 8000);
}

TEST(Mutex, ASleeperIsWokenByTheUnlock) {
  leave_single_thread();
  Mutex mutex;
  mutex.lock();
  std::thread sleeper([&] { const Guard guard(mutex); });  // spins, then sleeps
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  mutex.unlock();
  sleeper.join();
  EXPECT_TRUE(mutex.try_lock());
}

TEST(Guard, HoldsForItsScope) {
  Mutex mutex;
  EXPECT_FALSE(Guard::is_any_held());
  {
    const Guard guard(mutex);
    EXPECT_TRUE(guard);
    EXPECT_TRUE(Guard::is_any_held());
    EXPECT_FALSE(mutex.try_lock());
  }
  EXPECT_FALSE(Guard::is_any_held());
  EXPECT_TRUE(mutex.try_lock());
}

TEST(Guard, ThatOnlyTriesHoldsNothingWhereAnotherDoes) {
  Mutex mutex;
  {
    const Guard guard(mutex);
    const Guard second(mutex, Guard::Try{});
    EXPECT_FALSE(second);
  }
  const Guard third(mutex, Guard::Try{});
  EXPECT_TRUE(third);
}

TEST(Guard, AScopeThatIsLeftForGoodLetsGoOfAll) {
  Mutex outer, inner;
  alignas(Guard) unsigned char room[3][sizeof(Guard)];
  ::new (static_cast<void*>(room[0])) Guard(outer);
  ::new (static_cast<void*>(room[1])) Guard(inner);
  ::new (static_cast<void*>(room[2])) Guard(inner, Guard::Try{});  // holds nothing, and unlocks nothing
  Guard::abandon_all();
  EXPECT_FALSE(Guard::is_any_held());
  EXPECT_TRUE(outer.try_lock());
  EXPECT_TRUE(inner.try_lock());
}

}  // namespace
}  // namespace neap
