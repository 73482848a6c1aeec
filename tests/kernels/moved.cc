// 64 threads, each of which goes to another CPU every few steps: what belongs to a CPU is left in the middle of use all
// the time. CPUs may be taken away and given back meanwhile. Half of the objects are handed to another thread.
#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "../stress/object.h"

namespace {

constexpr int thread_count = 64, slot_count = 200, steps = 8000;
std::array<std::atomic<stress::Object*>, 256> shelf;

// Refused where the CPU is not there (now): the thread stays where it is.
void move(stress::Random& random, std::size_t cpus) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(random.below(cpus), &one);
  sched_setaffinity(0, sizeof one, &one);
}

void hand_over(stress::Random& random, stress::Object& object) {
  auto* found = shelf[random.below(shelf.size())].exchange(new stress::Object(object));
  object = found != nullptr ? *found : stress::Object{};
  delete found;
}

void work(std::uint64_t seed, std::size_t cpus) {
  stress::Random random(seed);
  std::vector<stress::Object> slots(slot_count);
  for (int step = 0; step < steps; ++step) {
    if (step % 8 == 0) move(random, cpus);
    stress::Object& slot = slots[random.below(slot_count)];
    if (slot.bytes == nullptr) {
      slot = stress::make(random, random.size(random.one_in(50) ? 17 : 11) + 1);
    } else if (random.one_in(2)) {
      hand_over(random, slot);
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
  const auto cpus = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_CONF));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < thread_count; ++i) threads.emplace_back(work, seed + i, cpus);
  for (std::thread& thread : threads) thread.join();
  for (auto& place : shelf) {
    if (stress::Object* left = place.load(); left != nullptr) {
      stress::destroy(*left);
      delete left;
    }
  }
}
