#include "workload.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "object.h"

namespace workload {
namespace {

using stress::Object;
using stress::Random;

constexpr int workers = 3;
constexpr int slot_count = 250;
constexpr int steps = 1500;

// An object may be taken from a place by any thread, and belongs to whoever took it.
class Place {
 public:
  Object take() {
    Object object;
    if (!lock()) return object;
    object = object_;
    object_ = Object{};
    busy_.clear(std::memory_order_release);
    return object;
  }
  // Returns what lay there.
  Object exchange(const Object& object) {
    if (!lock()) return object;
    const Object before = object_;
    object_ = object;
    busy_.clear(std::memory_order_release);
    return before;
  }

 private:
  bool lock() { return !busy_.test_and_set(std::memory_order_acquire); }
  std::atomic_flag busy_;
  Object object_;
};

constinit std::array<Place, 64> shelf;
std::array<std::array<Object, slot_count>, workers + 1> own;

std::size_t any_size(Random& random) { return random.size(random.one_in(150) ? 21 : random.one_in(8) ? 16 : 10) + 1; }

void drop(Object object) {
  if (object.bytes != nullptr) stress::destroy(object);
}

void step(Random& random, Object& slot) {
  if (slot.bytes == nullptr) {
    stress::try_make(random, any_size(random), slot);
  } else if (random.one_in(4)) {
    slot = shelf[random.below(shelf.size())].exchange(slot);
  } else if (random.one_in(4)) {
    stress::try_resize(slot, any_size(random));
  } else {
    stress::destroy(slot);
  }
}

void grow_by_turns(Random& random, std::size_t top) {
  std::array<Object, 3> growing;
  for (Object& object : growing) stress::try_make(random, 100, object);
  for (std::size_t size = 200; size < top; size = size * 17 / 10) {
    for (Object& object : growing) {
      if (object.bytes != nullptr) stress::try_resize(object, size);
    }
  }
  for (Object& object : growing) {
    if (object.bytes != nullptr) stress::try_resize(object, top / 5);
    drop(object);
  }
}

// Sizes that are written whole and come again may get huge pages, and a look at their pages when they end.
void large_ones_come_again(Random& random) {
  for (int i = 0; i < 6; ++i) {
    Object object;
    if (stress::try_make(random, 9 * stress::mebibyte / 2, object)) stress::destroy(object);
  }
}

// More than there is address space for without asking for more.
void enormous_ones() {
  constexpr std::size_t size = 150 * stress::mebibyte;
  for (int i = 0; i < 2; ++i) {
    Object first{static_cast<unsigned char*>(stress::allocate(size)), 1000, 1};
    Object second{static_cast<unsigned char*>(stress::allocate_aligned(32 * stress::mebibyte, size)), 1000, 2};
    for (Object* object : {&first, &second}) {
      if (object->bytes == nullptr) continue;
      stress::write(*object, 0);
      stress::destroy(*object);
    }
  }
}

void* work(void* argument) {
  const auto me = reinterpret_cast<std::uintptr_t>(argument);
  Random random(me);
  for (int i = 0; i < steps; ++i) step(random, own[me % own.size()][random.below(slot_count)]);
  grow_by_turns(random, 600000);
  return nullptr;
}

void fork_and_work(Random& random) {
  const pid_t process = fork();
  if (process == 0) {
    for (Object& object : own[0]) drop(object);
    for (int i = 0; i < 300; ++i) {
      Object object;
      if (stress::try_make(random, any_size(random), object)) stress::destroy(object);
    }
    _exit(0);
  }
  int status = 0;
  stress::require(process > 0 && waitpid(process, &status, 0) == process, "fork and wait");
  stress::require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child died");
}

}  // namespace

void run(std::uint64_t seed) {
  seed = seed * own.size();  // a worker's seed tells its number
  Random random(seed);
  for (int i = 0; i < steps; ++i) step(random, own[0][random.below(slot_count)]);
  grow_by_turns(random, 3 * stress::mebibyte);
  std::array<pthread_t, workers> threads;
  std::array<bool, workers> running{};  // a thread may be refused, too
  for (std::size_t i = 0; i < workers; ++i)
    running[i] = pthread_create(&threads[i], nullptr, work, reinterpret_cast<void*>(seed + i + 1)) == 0;
  fork_and_work(random);
  for (int i = 0; i < steps; ++i) step(random, own[0][random.below(slot_count)]);
  fork_and_work(random);
  for (std::size_t i = 0; i < workers; ++i) {
    if (running[i]) pthread_join(threads[i], nullptr);
  }
  large_ones_come_again(random);
  enormous_ones();
  stress::trim();
  for (int i = 0; i < steps; ++i) step(random, own[0][random.below(slot_count)]);
}

void demand_everything(std::uint64_t seed) {
  Random random(seed);
  for (auto& slots : own) {
    for (Object& slot : slots) {
      drop(slot);
      slot = stress::make(random, any_size(random));
    }
  }
  Object object = stress::make(random, 100);
  for (std::size_t size = 200; size < 4 * stress::mebibyte; size *= 3) stress::resize(object, size);
  stress::destroy(object);
}

void free_all() {
  for (auto& slots : own) {
    for (Object& slot : slots) {
      drop(slot);
      slot = Object{};
    }
  }
  for (Place& place : shelf) drop(place.take());
}

}  // namespace workload
