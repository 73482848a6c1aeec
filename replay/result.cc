#include "result.h"

#include <stdio.h>

#include <algorithm>
#include <cstdint>

#include "progress.h"

namespace neap::replay {
namespace {

double ratio(const Sample& sample) {
  return static_cast<double>(sample.resident_bytes) / static_cast<double>(sample.live_bytes);
}

// Mean of the samples' own ratios. Those of an almost empty heap say nothing and are left out.
double mean_of_ratios(const Sample* sample, const Sample* end, std::uint64_t live_peak) {
  double sum = 0;
  std::uint32_t count = 0;
  for (; sample != end; ++sample) {
    if (sample->live_bytes * 100 < live_peak || sample->live_bytes == 0) continue;
    sum += ratio(*sample);
    count++;
  }
  return count == 0 ? 0 : sum / count;
}

template <typename Field>
double mean(const Sample* first, const Sample* end, Field field) {
  double sum = 0;
  for (const Sample* sample = first; sample != end; ++sample) sum += static_cast<double>(field(*sample));
  return first == end ? 0 : sum / static_cast<double>(end - first);
}

}  // namespace

void write_progress(int fd, const Sample& s) {
  dprintf(fd, "{\"event\":%lu,\"trace_ms\":%u,\"wall_ms\":%u,\"live_bytes\":%lu,\"resident_bytes\":%lu}\n", s.event,
          s.trace_ms, s.wall_ms, s.live_bytes, s.resident_bytes);
}

void write_failure(int fd, const char* error) { dprintf(fd, "{\"error\":\"%s\"}\n", error); }

void print_result(const Plan& plan, const Player& player, const Meter& meter, double pace) {
  const Sample* first = player.samples().data();
  const Sample* end = first + player.sample_count();
  const Sample* quarter = end - (end - first) / 4;
  const auto live = [](const Sample& s) { return s.live_bytes; };
  const auto resident = [](const Sample& s) { return s.resident_bytes; };
  std::uint64_t live_peak = 0, resident_peak = 0;
  for (const Sample* s = first; s != end; ++s) {
    live_peak = std::max(live_peak, s->live_bytes);
    resident_peak = std::max(resident_peak, s->resident_bytes);
  }
  const Sample last = first == end ? Sample{} : end[-1];
  const Meter::Cost& cost = meter.cost();
  printf("{\"events\":%lu,\"calls\":%lu,\"threads\":%u,\"pace\":%g,\n", plan.summary().events, plan.steps_planned(),
         plan.summary().threads, pace);
  const double live_mean = mean(first, end, live), quarter_live_mean = mean(quarter, end, live);
  printf(" \"resident_per_live\":%.4f,\"resident_per_live_last_quarter\":%.4f,\"resident_per_live_end\":%.4f,\n",
         live_mean > 0 ? mean(first, end, resident) / live_mean : 0,
         quarter_live_mean > 0 ? mean(quarter, end, resident) / quarter_live_mean : 0,
         last.live_bytes == 0 ? 0 : ratio(last));
  printf(" \"resident_per_live_of_samples\":%.4f,\n", mean_of_ratios(first, end, live_peak));
  printf(" \"resident_mean_bytes\":%.0f,\"resident_peak_bytes\":%lu,\"resident_end_bytes\":%lu,\n",
         mean(first, end, resident), resident_peak, last.resident_bytes);
  printf(" \"live_mean_bytes\":%.0f,\"live_peak_bytes\":%lu,\"live_end_bytes\":%lu,\n", live_mean, live_peak,
         last.live_bytes);
  printf(" \"cpu_s\":%.3f,\"wall_s\":%.3f,\"minor_faults\":%lu,\"harness_cpu_s\":%.3f,\n \"samples\":[", cost.cpu_s,
         player.wall_s(), cost.minor_faults, cost.harness_cpu_s);
  for (const Sample* s = first; s != end; ++s) {
    printf("%s\n  [%lu,%u,%u,%lu,%lu]", s == first ? "" : ",", s->event, s->trace_ms, s->wall_ms, s->live_bytes,
           s->resident_bytes);
  }
  printf("]}\n");
  fflush(stdout);
}

}  // namespace neap::replay
