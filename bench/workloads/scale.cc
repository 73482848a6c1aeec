// The cost of an operation at live heaps from megabytes to gigabytes: random replacement after the heap has been
// filled.
#include <time.h>

#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t mean_size = 147;  // of log_between(16, 511)
constexpr double replacements_total = 4e6;

double cpu_s() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

// `size` is the live heap in MiB.
void scale(Job& job) {
  const std::size_t count = std::max<std::size_t>((job.size << 20) / mean_size / job.threads, 1);
  Table<Object> objects(count * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    for (std::size_t i = 0; i < count; ++i) objects[number * count + i] = hand.take(random.log_between(16, 511));
  });
  const double start = cpu_s();
  const std::size_t times = job.share(replacements_total);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + 1000 + number);
    Hand hand(job.sheet, number);
    for (std::size_t i = 0; i < times; ++i) {
      Object& object = objects[number * count + random.below(count)];
      hand.drop(object);
      object = hand.take(random.log_between(16, 511));
    }
  });
  job.facts.add("operation_ns", (cpu_s() - start) * 1e9 / static_cast<double>(times * job.threads));
}

}  // namespace neap::bench
