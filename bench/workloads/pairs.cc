// malloc and free in turn, of one size or of many: the fast path and nothing else.
#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr double pairs_total = 30e6;

void pair_loop(std::size_t size, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    char* const data = static_cast<char*>(std::malloc(size));
    if (data == nullptr) out_of_memory(size);
    *data = static_cast<char>(i);
    std::free(data);
  }
}

}  // namespace

void pairs(Job& job) {
  begin(job);
  run_team(job.threads, [&](unsigned) { pair_loop(job.size, job.share(pairs_total)); });
}

// A short row of 16 objects of mixed sizes: each step replaces the oldest one.
void pairs_mixed(Job& job) {
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    constexpr std::size_t depth = 16;
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    Object ring[depth] = {};
    const std::size_t count = job.share(pairs_total / 2);
    for (std::size_t i = 0; i < count; ++i) {
      hand.drop(ring[i % depth]);
      ring[i % depth] = hand.take(random.log_between(8, 2047));
    }
    for (Object& object : ring) hand.drop(object);
  });
}

}  // namespace neap::bench
