// fork while other threads allocate, and while one is in fflush(NULL) on a stream whose writer allocates: there glibc
// takes the stdio list lock after the allocator's fork handler, which is how allocators deadlock. Every child uses the
// heap at once, with one thread and with two. Run it behind `kill_if_hung`, which tells a deadlock.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "object.h"

namespace {

constexpr int forks = 600 / stress::slowdown;
std::atomic<bool> stop{false};
std::atomic<int> set_up{0};  // threads that have all they need but memory of the heap under test

void allocate(std::uint64_t seed) {
  stress::Random random(seed);
  std::vector<stress::Object> slots(300);
  ++set_up;
  while (!stop) {
    stress::Object& slot = slots[random.below(slots.size())];
    if (slot.bytes != nullptr) {
      stress::destroy(slot);
    } else {
      slot = stress::make(random, random.size(random.one_in(300) ? 19 : 11) + 1);
    }
  }
  for (stress::Object& slot : slots) {
    if (slot.bytes != nullptr) stress::destroy(slot);
  }
}

ssize_t write_with_malloc(void*, const char*, std::size_t size) {
  stress::deallocate(stress::allocate(size * 3 + 100));
  return static_cast<ssize_t>(size);
}

void flush_streams() {
  std::FILE* stream = fopencookie(nullptr, "w", cookie_io_functions_t{nullptr, write_with_malloc, nullptr, nullptr});
  stress::require(stream != nullptr, "fopencookie");
  std::fputs("its first line gives the stream a buffer", stream);
  ++set_up;
  while (!stop) {
    std::fputs("a line for the stream", stream);
    std::fflush(nullptr);
  }
  std::fclose(stream);
}

void use_heap(std::uint64_t seed) {
  stress::Random random(seed);
  std::vector<stress::Object> objects;
  for (int i = 0; i < 60; ++i) objects.push_back(stress::make(random, random.size(i == 30 ? 18 : 10) + 1));
  for (stress::Object& object : objects) stress::destroy(object);
}

[[noreturn]] void child(std::vector<stress::Object>& inherited, std::uint64_t seed) {
  for (stress::Object& object : inherited) stress::destroy(object);
  use_heap(seed);
  if (seed % 10 == 0) std::thread(use_heap, seed + 1).join();
  _exit(0);
}

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 3; ++i) threads.emplace_back(allocate, seed + i);
  threads.emplace_back(flush_streams);
#if defined(__SANITIZE_ADDRESS__)
  // The sanitizer's own allocator is not made for fork: a child finds it locked for ever when a thread was in it.
  while (set_up < 4) std::this_thread::yield();
#endif

  stress::Random random(seed + 77);
  std::vector<stress::Object> inherited;
  for (int i = 0; i < 200; ++i) inherited.push_back(stress::make(random, random.size(12) + 1));
  for (int i = 0; i < forks; ++i) {
    const pid_t process = fork();
    if (process == 0) child(inherited, static_cast<std::uint64_t>(i));
    int status = 0;
    stress::require(process > 0 && waitpid(process, &status, 0) == process, "fork and wait");
    stress::require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child died");
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (stress::Object& object : inherited) stress::destroy(object);
}
