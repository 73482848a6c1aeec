// Arrays that grow by realloc: many small ones side by side, and one to a gigabyte.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t largest_vector = std::size_t{4} << 20;

}  // namespace

// 64 arrays to a thread grow by half each time, at random; one that has reached its own end is dropped.
void vectors(Job& job) {
  constexpr std::size_t arrays = 64;
  Table<Object> objects(arrays * job.threads);
  Table<std::size_t> ends(arrays * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    const std::size_t steps = job.share(60e3);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t which = number * arrays + random.below(arrays);
      Object& array = objects[which];
      if (array.data == nullptr) {
        ends[which] = random.log_between(256, largest_vector);
        array = hand.take(32);
      } else if (array.size > ends[which]) {
        hand.drop(array);
      } else {
        hand.resize(array, array.size + array.size / 2);
      }
    }
    for (std::size_t i = 0; i < arrays; ++i) hand.drop(objects[number * arrays + i]);
  });
}

// One array grows to `size` MiB, by a quarter at a time and with every byte written. Then all of that once more.
void growth(Job& job) {
  const std::size_t end = job.size << 20;
  begin(job);
  Hand hand(job.sheet, 0);
  const auto rounds = std::max(static_cast<int>(2 * job.scale), 1);
  for (int round = 0; round < rounds; ++round) {
    Object array = hand.take(1000);
    while (array.size < end) hand.resize(array, std::min(array.size + array.size / 4, end));
    job.facts.add("grown_per_live", resident_per_live(job.sheet));
    hand.drop(array);
  }
}

}  // namespace neap::bench
