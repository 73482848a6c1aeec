// A heap of gigabytes: the memory it takes beside its objects, what an operation costs, and how long the system needs
// for a fork and for the end of the process.
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "telemetry.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t mean_size = 720;  // of what size_of gives; set a little too low, so that the table has room
constexpr double replacements_total = 4e6;
constexpr int forks = 5;

double now_s(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Of all bytes a sixth is in small objects, a half in medium ones, and a third in large ones.
std::size_t size_of(Random& random) {
  const std::size_t kind = random.below(1000);
  if (kind == 0) return random.log_between(16 << 10, 1 << 20);
  return kind < 90 ? random.log_between(512, 16 << 10) : random.log_between(16, 511);
}

struct Figures {
  double full_per_live, churned_per_live, thinned_per_live, operation_ns, fork_ms, metadata_percent, end_s;
};

// Seconds until fork returns in the parent. The child ends at once.
double fork_s() {
  const double start = now_s(CLOCK_MONOTONIC);
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  const double forked = now_s(CLOCK_MONOTONIC) - start;
  if (pid < 0 || ::waitpid(pid, nullptr, 0) != pid) {
    std::perror("neap-bench: fork");
    std::exit(1);
  }
  return forked;
}

double median_fork_s() {
  double times[forks];
  for (double& time : times) time = fork_s();
  std::nth_element(times, times + forks / 2, times + forks);
  return times[forks / 2];
}

// Fills the heap, replaces objects at random, forks, frees half of the objects, and looks at the memory in between.
void live(Job& job, Figures& figures) {
  const std::size_t bytes = job.size << 20;
  Table<Object> objects(bytes / mean_size);
  Random random(job.seed);
  Hand hand(job.sheet, 0);
  std::size_t count = 0;
  begin(job);
  for (std::size_t have = 0; have < bytes && count < objects.size(); have += objects[count++].size)
    objects[count] = hand.take(size_of(random));
  figures.full_per_live = resident_per_live(job.sheet);
  const double start = now_s(CLOCK_PROCESS_CPUTIME_ID);
  const std::size_t times = job.share(replacements_total);
  for (std::size_t i = 0; i < times; ++i) {
    Object& object = objects[random.below(count)];
    hand.drop(object);
    object = hand.take(size_of(random));
  }
  figures.operation_ns = (now_s(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e9 / static_cast<double>(times);
  figures.churned_per_live = resident_per_live(job.sheet);
  if (const auto telemetry = read_telemetry())
    figures.metadata_percent =
        100 * static_cast<double>(telemetry->metadata_bytes) / static_cast<double>(job.sheet.live_bytes());
  figures.fork_ms = median_fork_s() * 1e3;
  for (std::size_t i = 0; i < count; ++i)
    if (random.below(2) == 0) hand.drop(objects[i]);
  figures.thinned_per_live = resident_per_live(job.sheet);
  figures.end_s = now_s(CLOCK_MONOTONIC);
  std::exit(0);
}

}  // namespace

// `size` is the live heap in MiB. The heap lives in a child process, so that its end can be timed from outside.
void heap(Job& job) {
  void* const shared = ::mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) out_of_memory(sizeof(Figures));
  Figures& figures = *static_cast<Figures*>(shared);
  const pid_t pid = ::fork();
  if (pid == 0) live(job, figures);
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || status != 0) {
    std::fprintf(stderr, "neap-bench: the heap's process ended with status %d\n", status);
    std::exit(1);
  }
  job.facts.add("full_per_live", figures.full_per_live);
  job.facts.add("churned_per_live", figures.churned_per_live);
  job.facts.add("thinned_per_live", figures.thinned_per_live);
  job.facts.add("operation_ns", figures.operation_ns);
  job.facts.add("fork_ms", figures.fork_ms);
  job.facts.add("exit_ms", (now_s(CLOCK_MONOTONIC) - figures.end_s) * 1e3);
  if (figures.metadata_percent > 0) job.facts.add("metadata_percent", figures.metadata_percent);
}

}  // namespace neap::bench
