// Thousands of short threads: each frees what its forerunners left and leaves something behind. What threads kept for
// themselves has to come back: memory must not grow with the number of threads that ever lived.
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "object.h"

namespace {

constexpr int width = 8;
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

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
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
  const std::size_t late = stress::resident_bytes();
  std::printf("resident after %d threads %zu KiB, after %d %zu KiB\n", waves / 4 * width, early / 1024, waves * width,
              late / 1024);
  stress::require(stress::sanitized || late < early + 4 * stress::mebibyte,
                  "memory grew with the number of threads that lived");
}
