// Batches of objects, freed in the order of a stack, of a queue, or at random.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

enum class Order { lifo, fifo, random };

constexpr std::size_t batch = 20'000;
constexpr double objects_total = 12e6;

void arrange(Object* objects, Order order, Random& random) {
  if (order == Order::lifo) std::reverse(objects, objects + batch);
  if (order == Order::random) random.shuffle(objects, batch);
}

void run_batches(Job& job, Order order) {
  Table<Object> objects(batch * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    Object* const mine = objects.begin() + number * batch;
    const std::size_t rounds = std::max<std::size_t>(job.share(objects_total) / batch, 1);
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < batch; ++i) mine[i] = hand.take(random.log_between(8, 511));
      arrange(mine, order, random);
      for (std::size_t i = 0; i < batch; ++i) hand.drop(mine[i]);
    }
  });
}

}  // namespace

void batches_lifo(Job& job) { run_batches(job, Order::lifo); }
void batches_fifo(Job& job) { run_batches(job, Order::fifo); }
void batches_random(Job& job) { run_batches(job, Order::random); }

}  // namespace neap::bench
