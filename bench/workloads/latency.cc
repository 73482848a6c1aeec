// How long single calls take: the distribution of malloc's and free's times, up to the worst.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t working_set = 20'000;
constexpr double calls_total = 5e6;
constexpr std::uint64_t slow_ns = 3'000;  // a call that takes longer may have been interrupted

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

// Counts by time, 32 steps to a doubling: 3% of precision from nanoseconds to minutes.
class Histogram {
 public:
  Histogram() : counts_(64 * steps) {}

  void add(std::uint64_t ns) {
    ++counts_[bin_of(ns)];
    ++total_;
    worst_ = std::max(worst_, ns);
  }
  void add(Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    worst_ = std::max(worst_, other.worst_);
  }
  double quantile(double share) {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t bin = 0; bin < counts_.size(); ++bin)
      if ((seen += counts_[bin]) > wanted) return static_cast<double>(lower_end(bin));
    return static_cast<double>(worst_);
  }
  double worst() const { return static_cast<double>(worst_); }

 private:
  static constexpr std::size_t steps = 32, shift = 5;

  static std::size_t bin_of(std::uint64_t ns) {
    if (ns < steps) return ns;
    const auto top = static_cast<std::size_t>(63 - __builtin_clzll(ns));
    return (top - shift + 1) * steps + ((ns >> (top - shift)) & (steps - 1));
  }
  static std::uint64_t lower_end(std::size_t bin) {
    if (bin < steps) return bin;
    return (steps + bin % steps) << (bin / steps - 1);
  }

  Table<std::uint64_t> counts_;
  std::uint64_t total_ = 0, worst_ = 0;
};

// Tells whether the thread lost the processor to somebody else. A call that was slow for that reason is not counted.
class Interruptions {
 public:
  bool since_last_look() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const long now = usage.ru_nivcsw;
    return std::exchange(seen_, now) != now;
  }

 private:
  long seen_ = 0;
};

struct Timings {
  Histogram takes, drops;
  Interruptions interruptions;
  std::uint64_t left_out = 0;

  void count(Histogram& histogram, std::uint64_t ns) {
    if (ns > slow_ns && interruptions.since_last_look())
      ++left_out;
    else
      histogram.add(ns);
  }
};

void measure(Timings& timings, Random& random, Object* objects, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    if (i % 256 == 0) timings.interruptions.since_last_look();
    Object& object = objects[random.below(working_set)];
    const std::size_t size = random.one_in(256) ? random.log_between(2048, 255 * 1024) : random.log_between(8, 2047);
    const std::uint64_t start = now_ns();
    std::free(object.data);
    const std::uint64_t freed = now_ns();
    object.data = static_cast<char*>(std::malloc(size));
    const std::uint64_t taken = now_ns();
    if (object.data == nullptr) out_of_memory(size);
    write_pages(object.data, size);
    timings.count(timings.drops, freed - start);
    timings.count(timings.takes, taken - freed);
  }
}

void tell(Facts& facts, Histogram& takes, Histogram& drops) {
  facts.add("malloc_p50_ns", takes.quantile(0.5));
  facts.add("malloc_p9999_ns", takes.quantile(0.9999));
  facts.add("malloc_max_ns", takes.worst());
  facts.add("free_p50_ns", drops.quantile(0.5));
  facts.add("free_p9999_ns", drops.quantile(0.9999));
  facts.add("free_max_ns", drops.worst());
}

}  // namespace

// Random replacement of objects that are mostly small; one in 256 has up to 256 KiB. Each figure includes the time of
// the clock itself, some 20 ns.
void latency(Job& job) {
  Table<Object> objects(working_set * job.threads);
  Timings* const timings = new Timings[job.threads];
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    measure(timings[number], random, objects.begin() + number * working_set, job.share(calls_total / 2));
  });
  std::uint64_t left_out = timings[0].left_out;
  for (unsigned i = 1; i < job.threads; ++i) {
    timings[0].takes.add(timings[i].takes);
    timings[0].drops.add(timings[i].drops);
    left_out += timings[i].left_out;
  }
  tell(job.facts, timings[0].takes, timings[0].drops);
  job.facts.add("interrupted_calls", static_cast<double>(left_out));
  delete[] timings;
}

}  // namespace neap::bench
