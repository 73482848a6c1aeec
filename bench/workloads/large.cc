// Large blocks in and out, each written whole: buffers of images, compressors and numeric code.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t smallest = std::size_t{64} << 10;
constexpr std::size_t largest = std::size_t{64} << 20;
constexpr std::size_t objects_in_all = 16;
constexpr double bytes_total = 1.5e9, buffer_bytes_total = 16e9;  // written

}  // namespace

// One buffer at a time, as who decodes or compresses takes for each job.
void buffer(Job& job) {
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Hand hand(job.sheet, number);
    for (std::size_t left = job.share(buffer_bytes_total) / job.size; left > 0; --left) {
      Object object = hand.take(job.size);
      std::memset(object.data, static_cast<int>(left), object.size);
      hand.drop(object);
    }
  });
}

void large(Job& job) {
  const std::size_t objects_each = std::max<std::size_t>(objects_in_all / job.threads, 2);
  Table<Object> objects(objects_each * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Random random(job.seed + number);
    Hand hand(job.sheet, number);
    const std::size_t goal = job.share(bytes_total);
    for (std::size_t written = 0; written < goal;) {
      Object& object = objects[number * objects_each + random.below(objects_each)];
      hand.drop(object);
      object = hand.take(random.log_between(smallest, largest));
      std::memset(object.data, static_cast<int>(written), object.size);
      written += object.size;
    }
    for (std::size_t i = 0; i < objects_each; ++i) hand.drop(objects[number * objects_each + i]);
  });
}

}  // namespace neap::bench
