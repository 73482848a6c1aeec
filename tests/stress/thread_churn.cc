// Thousands of short threads: each frees what its forerunners left and leaves something behind. Some live in waves of a
// few, others in crowds of a thousand that all hold memory before the first of them ends. What threads kept for
// themselves has to come back: memory must not grow with the number of threads that ever lived.
#include <pthread.h>

#include <array>
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "object.h"

namespace {

constexpr int width = 8, crowds = 9;
std::array<std::atomic<stress::Object*>, 64> shelf;

struct Diary {  // freed by the thread's end, after the last line of its function
  std::vector<char> pages = std::vector<char>(3000, 'd');
  ~Diary() { std::vector<char>(9000, 'e').swap(pages); }
};
thread_local Diary diary;

void brief_life(std::uint64_t seed) {
  stress::Random random(seed);
  diary.pages[random.below(diary.pages.size())] = 'w';
  std::vector<stress::Object> own;
  for (int i = 0; i < 40; ++i) own.push_back(stress::make(random, random.size(11) + 1));
  auto* left = new stress::Object(stress::make(random, random.size(13) + 1));
  stress::Object* found = shelf[random.below(shelf.size())].exchange(left);
  if (found != nullptr) stress::destroy(*found);
  delete found;
  for (stress::Object& object : own) stress::destroy(object);
}

void require_no_growth(std::size_t early, std::size_t mebibytes, int lives) {
  const std::size_t late = stress::resident_bytes();
  std::printf("resident early %zu KiB, after %d threads %zu KiB\n", early / 1024, lives, late / 1024);
  stress::require(stress::sanitized || late < early + mebibytes * stress::mebibyte,
                  "memory grew with the number of threads that lived");
}

void live_in_waves(std::uint64_t seed) {
  const int waves =
      stress::locked() || stress::sanitized ? 150 : 1500;  // locked, each thread's whole stack is faulted in
  std::size_t early = 0;
  for (int wave = 0; wave < waves; ++wave) {
    std::vector<std::thread> threads;
    for (int i = 0; i < width; ++i)
      threads.emplace_back(brief_life, seed + static_cast<std::uint64_t>(wave * width + i));
    for (std::thread& thread : threads) thread.join();
    if (wave == waves / 4) early = stress::resident_bytes();
  }
  require_no_growth(early, 4, waves * width);
}

constexpr int crowd_size = stress::sanitized ? 100 : 1000;
constexpr std::size_t crowd_stack_bytes = (stress::sanitized ? 512 : 64) << 10;  // a thousand stacks fit every scene

struct Guest {
  std::latch& everybody;
  std::uint64_t seed;
};

void* be_one_of_many(void* argument) {
  const Guest guest = *static_cast<Guest*>(argument);
  brief_life(guest.seed);
  guest.everybody.arrive_and_wait();
  brief_life(guest.seed + 1);
  return nullptr;
}

void live_in_a_crowd(std::uint64_t seed) {
  std::latch everybody(crowd_size);
  std::vector<Guest> guests(crowd_size, Guest{everybody, seed});
  std::vector<pthread_t> threads(crowd_size);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, crowd_stack_bytes);
  for (std::size_t i = 0; i < crowd_size; ++i) {
    guests[i].seed += 2 * i;
    stress::require(pthread_create(&threads[i], &small, be_one_of_many, &guests[i]) == 0, "a thread of a crowd");
  }
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
}

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
  live_in_waves(seed);
  std::size_t early = 0;
  for (int crowd = 0; crowd < crowds; ++crowd) {
    live_in_a_crowd(seed + 1000000 + static_cast<std::uint64_t>(2 * crowd * crowd_size));
    if (crowd == 0) early = stress::resident_bytes();
  }
  require_no_growth(early, 16, crowds * crowd_size);  // glibc's arenas alone differ by 4 from crowd to crowd
}
