// Producers and consumers with a queue between them that grows and drains by turns: messages die in another thread than
// they were born in, and the number of live ones changes thirtyfold.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr double messages_total = 3e6;
constexpr std::size_t turns = 8;  // the queue grows in even ones and drains in odd ones
constexpr std::size_t long_lag = 60'000, short_lag = 2'000;
constexpr std::size_t batch = 64;
constexpr std::size_t room = long_lag + 64 * batch;

// Consumers stay `lag` messages behind the producer until it closes the queue.
class Queue {
 public:
  Queue() : ring_(room) {}
  ~Queue() {
    ::pthread_cond_destroy(&changed_);
    ::pthread_mutex_destroy(&mutex_);
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void push(const Object* messages, std::size_t lag) {
    const Lock lock(mutex_);
    lag_ = lag;
    while (count_ + batch > room) ::pthread_cond_wait(&changed_, &mutex_);
    for (std::size_t i = 0; i < batch; ++i) ring_[(first_ + count_++) % room] = messages[i];
    ::pthread_cond_broadcast(&changed_);
  }
  bool pop(Object* messages) {
    const Lock lock(mutex_);
    while (count_ <= lag_ && !closed_) ::pthread_cond_wait(&changed_, &mutex_);
    if (count_ == 0) return false;
    for (std::size_t i = 0; i < batch; ++i) messages[i] = ring_[(first_ + i) % room];
    first_ = (first_ + batch) % room;
    count_ -= batch;
    ::pthread_cond_broadcast(&changed_);
    return true;
  }
  void close() {
    const Lock lock(mutex_);
    closed_ = true;
    ::pthread_cond_broadcast(&changed_);
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
  Table<Object> ring_;
  std::size_t first_ = 0, count_ = 0, lag_ = 0;
  bool closed_ = false;
};

// The mix of sizes wanders from turn to turn, as the kinds of messages do over a day.
std::size_t message_size(Random& random, std::size_t turn) {
  static constexpr std::size_t largest[] = {255, 2047, 511, 4095};
  return random.log_between(16, largest[turn % std::size(largest)]);
}

void produce(Hand& hand, Random& random, Queue& queue, std::size_t batches) {
  Object messages[batch];
  for (std::size_t i = 0; i < batches; ++i) {
    const std::size_t turn = i * turns / batches;
    for (Object& message : messages) message = hand.take(message_size(random, turn));
    queue.push(messages, turn % 2 == 0 ? long_lag : short_lag);
  }
  queue.close();
}

void consume(Hand& hand, Queue& queue) {
  Object messages[batch];
  while (queue.pop(messages))
    for (Object& message : messages) hand.drop(message);
}

}  // namespace

// Two threads to a queue.
void pipeline(Job& job) {
  const unsigned pairs = std::max(job.threads / 2, 1u);
  const auto batches =
      std::max<std::size_t>(static_cast<std::size_t>(messages_total * job.scale / pairs / batch), turns);
  Queue* const queues = new Queue[pairs];
  begin(job);
  run_team(pairs * 2, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    if (number % 2 == 0)
      produce(hand, random, queues[number / 2], batches);
    else
      consume(hand, queues[number / 2]);
  });
  delete[] queues;
}

}  // namespace neap::bench
