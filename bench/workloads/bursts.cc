// Bursts followed by silence: what is still resident a second after the last call.
#include <time.h>

#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "telemetry.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t burst_bytes = std::size_t{64} << 20;  // of all threads together
constexpr std::size_t object_limit = std::size_t{1} << 17;  // of one thread's table
constexpr std::size_t base = 20;                            // percent of the objects that stay until the next burst
constexpr int bursts_total = 3;

void be_silent(double seconds) {
  timespec left{static_cast<time_t>(seconds), static_cast<long>((seconds - static_cast<time_t>(seconds)) * 1e9)};
  while (::nanosleep(&left, &left) != 0) continue;
}

// libneap tells the bytes of its dirty pages. Of other allocators only resident minus live bytes is known.
double dirty_bytes() {
  const auto telemetry = read_telemetry();
  return telemetry ? static_cast<double>(telemetry->dirty_bytes) : -1;
}

struct Silence {
  double resident = 0, live = 0, dirty = 0;
};

Silence listen(const Job& job) {
  be_silent(1);
  return {static_cast<double>(resident_bytes(job.sheet)), static_cast<double>(job.sheet.live_bytes()), dirty_bytes()};
}

void burst(Hand& hand, Random& random, Object* objects, std::size_t bytes, bool scattered) {
  std::size_t count = 0;
  for (std::size_t live = 0; live < bytes && count < object_limit; live += objects[count++].size)
    objects[count] = hand.take(random.log_between(16, 64 * 1024 - 1));
  if (scattered) random.shuffle(objects, count);
  for (std::size_t i = count * base / 100; i < count; ++i) hand.drop(objects[i]);
}

void run_bursts(Job& job, bool scattered) {
  Table<Object> objects(object_limit * job.threads);
  Silence last;
  begin(job);
  for (int round = 0; round < bursts_total; ++round) {
    run_team(job.threads, [&](unsigned number) {
      Random random(job.seed + number);
      Hand hand(job.sheet, number);
      Object* const mine = objects.begin() + number * (object_limit);
      for (std::size_t i = 0; i < object_limit; ++i) hand.drop(mine[i]);
      burst(hand, random, mine, burst_bytes / job.threads, scattered);
    });
    last = listen(job);
  }
  job.facts.add("silent_per_live", last.resident / last.live);
  job.facts.add("silent_excess_bytes", last.resident - last.live);
  if (last.dirty < 0) return;
  job.facts.add("silent_dirty_bytes", last.dirty);
  job.facts.add("silent_dirty_percent", 100 * std::max(last.dirty - (1 << 20), 0.0) / last.live);
}

}  // namespace

void bursts(Job& job) { run_bursts(job, false); }
void bursts_scattered(Job& job) { run_bursts(job, true); }

}  // namespace neap::bench
