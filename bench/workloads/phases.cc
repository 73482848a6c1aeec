// Churn of changing sizes: every phase frees 80% of all objects at random and refills to the same number of live bytes
// with another mix of sizes. Holes of yesterday's sizes are of use only to an allocator that can cut them anew.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr unsigned phases_total = 20;
constexpr std::size_t full_bytes = std::size_t{32} << 20;  // of all threads together
constexpr std::size_t least_size = 8;

struct Range {
  std::size_t low, high;
};

// A third of the phases allocates small objects of one narrow range, the others any range up to `largest`.
Range sizes_of(unsigned phase, std::size_t largest, Random& random) {
  if (phase % 3 == 1) return {least_size, least_size + 8 + random.below(120)};
  const std::size_t low = random.between(least_size, largest / 2);
  return {low, random.between(low + 1, largest)};
}

class Pile {
 public:
  Pile(Hand hand, Object* objects) : hand_(hand), objects_(objects) {}

  void fill(std::size_t bytes, Range sizes, Random& random) {
    while (live_ < bytes) {
      objects_[count_] = hand_.take(random.between(sizes.low, sizes.high));
      live_ += objects_[count_++].size;
    }
  }
  void drop_until(std::size_t bytes, Random& random) {
    while (live_ > bytes) {
      Object& object = objects_[random.below(count_)];
      live_ -= object.size;
      hand_.drop(object);
      object = objects_[--count_];
    }
  }

 private:
  Hand hand_;
  Object* objects_;
  std::size_t count_ = 0, live_ = 0;
};

struct Tally {
  double full = 0, freed = 0;
};

void run_phases(Job& job, std::size_t largest) {
  const std::size_t share = full_bytes / job.threads;
  const std::size_t most = share / (least_size + 2) + 1;  // the narrowest range of sizes_of has a mean of 12
  Table<Object> objects(most * job.threads);
  const auto phases_wanted = std::max(static_cast<unsigned>(phases_total * job.scale), 3u);
  Barrier barrier(job.threads);
  Tally tally;
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number), sizes(job.seed);  // all threads change their sizes alike
    Pile pile(Hand(job.sheet, number), objects.begin() + number * most);
    for (unsigned phase = 0; phase < phases_wanted; ++phase) {
      pile.fill(share, sizes_of(phase, largest, sizes), random);
      if (barrier.wait() && phase > 0) tally.full += resident_per_live(job.sheet);
      barrier.wait();
      pile.drop_until(share / 5, random);
      if (barrier.wait() && phase > 0) tally.freed += resident_per_live(job.sheet);
      barrier.wait();
    }
    pile.drop_until(0, random);
  });
  job.facts.add("full_per_live", tally.full / (phases_wanted - 1));
  job.facts.add("freed_per_live", tally.freed / (phases_wanted - 1));
}

}  // namespace

void phases_small(Job& job) { run_phases(job, 512); }
void phases(Job& job) { run_phases(job, 1024); }
void phases_wide(Job& job) { run_phases(job, 16 * 1024); }

}  // namespace neap::bench
