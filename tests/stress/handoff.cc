// Objects made by one thread and freed by another, through a bounded queue and through slots that threads swap.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "object.h"

namespace {

constexpr int pairs = 2;
constexpr int objects_per_producer = 400000 / stress::slowdown;
constexpr std::size_t queue_limit = 5000;

class Queue {
 public:
  void put(const stress::Object& object) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return objects_.size() < queue_limit; });
    objects_.push_back(object);
    changed_.notify_all();
  }
  stress::Object take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !objects_.empty(); });
    const stress::Object object = objects_.front();
    objects_.pop_front();
    changed_.notify_all();
    return object;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<stress::Object> objects_;
};

Queue queue;

void produce(std::uint64_t seed) {
  stress::Random random(seed);
  for (int i = 0; i < objects_per_producer; ++i)
    queue.put(stress::make(random, random.size(random.one_in(500) ? 18 : 9) + 1));
}

void consume() {
  for (int i = 0; i < objects_per_producer; ++i) {
    stress::Object object = queue.take();
    stress::destroy(object);
  }
}

constexpr int swap_slots = 256;
constexpr int swaps = 500000 / stress::slowdown;
std::atomic<stress::Object*> slots[swap_slots];

// Every thread puts its object into a random slot and frees what lay there, mostly another thread's.
void swap(std::uint64_t seed) {
  stress::Random random(seed);
  for (int i = 0; i < swaps; ++i) {
    auto* mine = new stress::Object(stress::make(random, random.size(8) + 1));
    stress::Object* theirs = slots[random.below(swap_slots)].exchange(mine);
    if (theirs != nullptr) stress::destroy(*theirs);
    delete theirs;
  }
}

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    threads.emplace_back(produce, seed + i);
    threads.emplace_back(consume);
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (std::uint64_t i = 0; i < 4; ++i) threads.emplace_back(swap, seed + 100 + i);
  for (std::thread& thread : threads) thread.join();
  for (std::atomic<stress::Object*>& slot : slots) {
    stress::Object* left = slot.exchange(nullptr);
    if (left != nullptr) stress::destroy(*left);
    delete left;
  }
}
