// Thread pools that come and go: each pool's threads work on objects of their own and leave a part of them to the
// process when they end. What a dead thread's arena or cache keeps shows here.
#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr unsigned pools_total = 24;
constexpr std::size_t objects_total = 32'000;  // of one pool, all threads together
constexpr std::size_t left_percent = 10;  // of a pool's objects stay when it ends, until kept_pools more have ended
constexpr unsigned kept_pools = 8;
constexpr double replacements_total = 4e6;

void work(Hand& hand, Random& random, Object* mine, std::size_t working_set, std::size_t replacements) {
  for (std::size_t i = 0; i < working_set; ++i) mine[i] = hand.take(random.log_between(16, 2047));
  for (std::size_t i = 0; i < replacements; ++i) {
    Object& object = mine[random.below(working_set)];
    hand.drop(object);
    object = hand.take(random.log_between(16, 2047));
  }
}

void leave(Hand& hand, Random& random, Object* mine, std::size_t working_set, Object* heritage) {
  const std::size_t left = working_set * left_percent / 100;
  random.shuffle(mine, working_set);
  for (std::size_t i = 0; i < left; ++i) {
    hand.drop(heritage[i]);
    heritage[i] = mine[i];
    mine[i] = {};
  }
  for (std::size_t i = left; i < working_set; ++i) hand.drop(mine[i]);
}

}  // namespace

void pools(Job& job) {
  const std::size_t working_set = objects_total / job.threads;
  const std::size_t left = working_set * left_percent / 100, heirs = left * job.threads;
  Table<Object> objects(working_set * job.threads), heritage(heirs * kept_pools);
  begin(job);
  double after = 0;
  for (unsigned pool = 0; pool < pools_total; ++pool) {
    run_team(job.threads, [&](unsigned number) {
      Random random(job.seed + pool * 1000 + number);
      Hand hand(job.sheet, number);
      Object* const mine = objects.begin() + number * working_set;
      work(hand, random, mine, working_set, job.share(replacements_total / pools_total));
      leave(hand, random, mine, working_set, heritage.begin() + heirs * (pool % kept_pools) + left * number);
    });
    if (pool >= kept_pools) after += resident_per_live(job.sheet);
  }
  job.facts.add("after_pools_per_live", after / (pools_total - kept_pools));
  Hand hand(job.sheet, 0);
  for (Object& object : heritage) hand.drop(object);
}

}  // namespace neap::bench
