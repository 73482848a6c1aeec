// False sharing: do objects of different threads share cache lines?
// After E. Berger et al., "Hoard: a scalable memory allocator for multithreaded applications", ASPLOS 2000.
#include "hand.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr double rounds_total = 400e3;
constexpr int writes = 1'000;

void use(std::size_t size) {
  char* const data = static_cast<char*>(std::malloc(size));
  if (data == nullptr) out_of_memory(size);
  volatile char* const hot = data;
  for (int i = 0; i < writes; ++i) *hot = static_cast<char>(*hot + 1);
  std::free(data);
}

void share(Job& job, Object* gifts) {
  run_team(job.threads, [&](unsigned number) {
    Hand hand(job.sheet, number);
    if (gifts != nullptr) hand.drop(gifts[number]);
    const std::size_t rounds = job.share(rounds_total);
    for (std::size_t i = 0; i < rounds; ++i) use(job.size);
  });
}

}  // namespace

// Active: threads that ask at the same time must not get neighbours in one line.
void thrash(Job& job) {
  begin(job);
  share(job, nullptr);
}

// Passive: the first thread takes an object for each thread, side by side. Each thread begins by dropping its own.
void scratch(Job& job) {
  Table<Object> gifts(job.threads);
  begin(job);
  Hand hand(job.sheet, 0);
  for (Object& gift : gifts) gift = hand.take(job.size);
  share(job, gifts.begin());
}

}  // namespace neap::bench
