// A working set that stays as large as it is while its objects are replaced at random, like the caches, indexes and
// buffers of servers. Other benchmark suites measure patterns of these kinds too.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr double replacements_total = 4e6;
constexpr std::size_t blocks = 16;

// `pick` sets an object that was not there, or replaces the one that was: pick(hand, random, object).
template <class Pick>
void replace_at_random(Job& job, std::size_t total, double times, Pick pick) {
  const std::size_t each = std::max<std::size_t>(total / job.threads, 1);
  Table<Object> objects(each * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    Object* const own = objects.begin() + number * each;
    const std::size_t count = job.share(times);
    for (std::size_t i = 0; i < each + count; ++i) pick(hand, random, i < each ? own[i] : own[random.below(each)]);
    for (std::size_t i = 0; i < each; ++i) hand.drop(own[i]);
  });
}

void replace(Job& job, std::size_t total) {
  replace_at_random(job, total, replacements_total, [](Hand& hand, Random& random, Object& object) {
    hand.drop(object);
    object = hand.take(random.log_between(16, 4096));
  });
}

}  // namespace

void replace_1k(Job& job) { replace(job, 1'000); }
void replace_100k(Job& job) { replace(job, 100'000); }
void replace_1m(Job& job) { replace(job, 1'000'000); }

// Strings and buffers that grow by a few bytes, and begin again at 8,000.
void resizes(Job& job) {
  replace_at_random(job, 500, replacements_total, [](Hand& hand, Random& random, Object& object) {
    hand.resize(object, object.size > 8000 ? 16 : object.size + random.between(1, 200));
  });
}

void zeroed(Job& job) {
  replace_at_random(job, 5'000, replacements_total, [](Hand& hand, Random& random, Object& object) {
    hand.drop(object);
    const std::size_t size = random.between(16, 1000);
    object = {static_cast<char*>(std::calloc(1, size)), size};
    if (object.data == nullptr) out_of_memory(size);
    hand.tell(static_cast<std::int64_t>(size));
  });
}

// The workload `large` writes every byte. This one only touches each page, so that the cost of the blocks shows.
void blocks_replaced(Job& job) {
  replace_at_random(job, blocks, 10e3, [](Hand& hand, Random& random, Object& object) {
    hand.drop(object);
    object = hand.take(random.between(std::size_t{64} << 10, std::size_t{4} << 20));
  });
}

}  // namespace neap::bench
