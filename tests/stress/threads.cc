// Threads that allocate, resize and free at random, each with its own objects: contents, alignment, usable size.
#include <thread>
#include <vector>

#include "object.h"

namespace {

constexpr int thread_count = 4;
constexpr int slot_count = 1500;
constexpr int steps = 600000 / stress::slowdown;

void work(std::uint64_t seed) {
  stress::Random random(seed);
  std::vector<stress::Object> slots(slot_count);
  for (int step = 0; step < steps; ++step) {
    stress::Object& slot = slots[random.below(slot_count)];
    const std::size_t size = random.size(random.one_in(200) ? 21 : random.one_in(10) ? 16 : 10) + 1;
    if (slot.bytes == nullptr) {
      slot = stress::make(random, size);
    } else if (random.one_in(8)) {
      stress::resize(slot, size);
    } else {
      stress::destroy(slot);
    }
  }
  for (stress::Object& slot : slots) {
    if (slot.bytes != nullptr) stress::destroy(slot);
  }
}

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back(work, seed + static_cast<std::uint64_t>(i));
  for (std::thread& thread : threads) thread.join();
}
