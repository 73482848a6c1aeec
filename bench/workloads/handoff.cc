// Cross-thread frees: batches are taken by one thread and dropped by whichever comes next.
// After C. Lever and D. Boreham, "malloc() performance in a multithreaded Linux environment", USENIX 2000
// (xmalloc-test).
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t batch = 120;
constexpr double objects_total = 10e6;

struct Parcel {
  Object objects[batch];
};

// Full and empty parcels; a thread that finds none of the kind it wants does the other half of the work.
class Depot {
 public:
  explicit Depot(std::size_t parcels) : parcels_(parcels), full_(parcels), empty_(parcels) {
    for (Parcel& parcel : parcels_) empty_[empty_count_++] = &parcel;
  }
  Parcel* take_full() { return pop(full_, full_count_); }
  Parcel* take_empty() { return pop(empty_, empty_count_); }
  void put_full(Parcel* parcel) { push(full_, full_count_, parcel); }
  void put_empty(Parcel* parcel) { push(empty_, empty_count_, parcel); }

 private:
  Parcel* pop(Table<Parcel*>& stack, std::size_t& count) {
    const Lock lock(mutex_);
    return count == 0 ? nullptr : stack[--count];
  }
  void push(Table<Parcel*>& stack, std::size_t& count, Parcel* parcel) {
    const Lock lock(mutex_);
    stack[count++] = parcel;
  }

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  Table<Parcel> parcels_;
  Table<Parcel*> full_, empty_;
  std::size_t full_count_ = 0, empty_count_ = 0;
};

bool fill_one(Depot& depot, Hand& hand, Random& random) {
  Parcel* const parcel = depot.take_empty();
  if (parcel == nullptr) return false;
  for (Object& object : parcel->objects) object = hand.take(random.log_between(16, 1023));
  depot.put_full(parcel);
  return true;
}

bool drain_one(Depot& depot, Hand& hand) {
  Parcel* const parcel = depot.take_full();
  if (parcel == nullptr) return false;
  for (Object& object : parcel->objects) hand.drop(object);
  depot.put_empty(parcel);
  return true;
}

}  // namespace

// Even threads fill, odd ones drain; one thread alone does both in turn.
void xmalloc(Job& job) {
  Depot depot(std::max(64u, job.threads * 4));
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    const bool fills = number % 2 == 0;
    std::size_t left = std::max<std::size_t>(job.share(objects_total * 2) / batch, 1);
    for (bool first = fills; left > 0; --left) {
      if (job.threads == 1) first = !first;
      if (first ? !fill_one(depot, hand, random) && !drain_one(depot, hand)
                : !drain_one(depot, hand) && !fill_one(depot, hand, random))
        ++left;
    }
  });
  Hand hand(job.sheet, 0);
  while (drain_one(depot, hand)) continue;
}

}  // namespace neap::bench
