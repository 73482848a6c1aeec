// Images, documents, responses: objects of 32 KiB to 1 MiB replaced at random while `size` MiB of them are live.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t least = 32 << 10, largest = 1 << 20;
constexpr double replacements_total = 20e3;

}  // namespace

void images(Job& job) {
  const std::size_t share = (job.size << 20) / job.threads, most = share / least + 1;
  Table<Object> objects(most * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    Object* const mine = objects.begin() + number * most;
    std::size_t live = 0;
    for (std::size_t i = job.share(replacements_total); i > 0; --i) {
      Object& object = mine[random.below(most)];
      live -= object.size;
      hand.drop(object);
      const std::size_t size = random.log_between(least, largest);
      for (std::size_t at = random.below(most); live + size > share; at = (at + 1) % most) {
        live -= mine[at].size;
        hand.drop(mine[at]);
      }
      object = hand.take(size);
      live += size;
    }
  });
}

}  // namespace neap::bench
