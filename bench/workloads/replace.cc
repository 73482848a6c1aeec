// Random replacement in a working set, as a server does whose connections are handed from worker to worker.
// After P. Larson and M. Krishnan, "Memory allocation for long-running server applications", ISMM 1998.
#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t objects_total = 40'000;
constexpr double replacements_total = 12e6;
constexpr unsigned generations = 10;  // each thread ends and leaves its objects to a new one

void replace(Hand& hand, Random& random, Object* objects, std::size_t count, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Object& object = objects[random.below(count)];
    hand.drop(object);
    object = hand.take(random.between(10, 500));
  }
}

}  // namespace

void larson(Job& job) {
  const std::size_t each = objects_total / job.threads;
  Table<Object> objects(each * job.threads);
  begin(job);
  for (unsigned generation = 0; generation < generations; ++generation) {
    run_team(job.threads, [&](unsigned number) {
      // The neighbour's objects: they were taken by a thread that is gone.
      const unsigned heir = (number + generation) % job.threads;
      Random random(job.seed + number + generation * 1000);
      Hand hand(job.sheet, number);
      replace(hand, random, objects.begin() + heir * each, each, job.share(replacements_total / generations));
    });
  }
  Hand hand(job.sheet, 0);
  for (Object& object : objects) hand.drop(object);
}

// The same with alignments from 16 bytes to a page.
void aligned(Job& job) {
  constexpr std::size_t each = 4'000;
  Table<Object> objects(each * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    const std::size_t times = job.share(4e6);
    for (std::size_t i = 0; i < times; ++i) {
      Object& object = objects[number * each + random.below(each)];
      hand.drop(object);
      // Most programs that ask for alignment mean a cache line or a vector.
      const std::size_t alignment = random.one_in(64) ? 4096 : std::size_t{16} << random.below(4);
      const std::size_t size = random.between(1, 1000);
      void* data = nullptr;
      if (::posix_memalign(&data, alignment, size) != 0) out_of_memory(size);
      write_pages(static_cast<char*>(data), size);
      hand.tell(static_cast<std::int64_t>(size));
      object = {static_cast<char*>(data), size};
    }
    for (std::size_t i = 0; i < each; ++i) hand.drop(objects[number * each + i]);
  });
}

}  // namespace neap::bench
