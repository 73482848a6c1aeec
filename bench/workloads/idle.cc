// Threads that have worked once and then wait, while one thread goes on: what an idle thread holds.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "telemetry.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t touched = 2'000;  // objects that each thread takes and drops, some at a time
constexpr std::size_t batch = 50;
constexpr std::size_t kept = 20;
constexpr std::size_t working_set = 20'000;

void work_once(Hand& hand, Random& random, Object* stay) {
  Object objects[batch];
  for (std::size_t round = 0; round < touched / batch; ++round) {
    for (Object& object : objects) object = hand.take(random.log_between(16, 1023));
    random.shuffle(objects, batch);
    for (Object& object : objects) hand.drop(object);
  }
  for (std::size_t i = 0; i < kept; ++i) stay[i] = hand.take(random.between(16, 256));
}

void work_on(Job& job, Hand& hand, Object* objects) {
  Random random(job.seed);
  const auto times = static_cast<std::size_t>(std::max(3e6 * job.scale, 1.0));
  for (std::size_t i = 0; i < times; ++i) {
    Object& object = objects[random.below(working_set)];
    hand.drop(object);
    object = hand.take(random.log_between(16, 1023));
  }
}

}  // namespace

// First all threads wait: the workload tells what is resident above the live bytes, for each thread and with its stack.
// Then the first thread works alone.
void idle_threads(Job& job) {
  Table<Object> stay(kept * job.threads), objects(working_set);
  Barrier worked(job.threads), done(job.threads);
  double held = 0, metadata = -1;
  begin(job);
  const auto before = read_telemetry();
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    work_once(hand, random, stay.begin() + number * kept);
    worked.wait();
    if (number == 0) {
      held = static_cast<double>(resident_bytes(job.sheet)) - static_cast<double>(job.sheet.live_bytes());
      if (const auto now = read_telemetry())
        metadata = static_cast<double>(now->metadata_bytes - before->metadata_bytes);
      work_on(job, hand, objects.begin());
    }
    done.wait();
    for (std::size_t i = 0; i < kept; ++i) hand.drop(stay[number * kept + i]);
  });
  Hand hand(job.sheet, 0);
  for (Object& object : objects) hand.drop(object);
  job.facts.add("idle_thread_bytes", held / job.threads);
  if (metadata >= 0) job.facts.add("metadata_thread_bytes", metadata / job.threads);
}

}  // namespace neap::bench
