// What the statistics over hosts promise and what a fleet of which size can see: the tables of docs/experiment.md.
// Prints coverage of 1,000 simulations, median width of the interval, and how often an effect of 3% is seen.
#include <algorithm>
#include <cstdio>

#include "simulated_fleet.h"
#include "tool/experiment/effect.h"

int main() {
  using namespace neap;
  const Arms arms{"neap", "libc"};
  constexpr int simulations = 1'000;
  std::printf("| hosts | relays | before | spread | effect | held | reach | seen |\n");
  for (const std::size_t hosts : std::vector<std::size_t>{2, 4, 8, 20, 50, 200})
    for (const std::size_t per_group : std::vector<std::size_t>{1, 4, 20})
      for (const bool known : {false, true})
        for (const bool skewed : {false, true})
          for (const double ratio : {1.0, 0.97, 0.7}) {
            if (hosts * per_group > 1000) continue;
            std::mt19937_64 engine(hosts * 1000 + per_group);
            SimulatedFleet fleet;
            fleet.hosts = hosts, fleet.per_group = per_group, fleet.ratio = ratio;
            fleet.before_known = known, fleet.skewed = skewed;
            int held = 0, seen = 0;
            std::vector<double> reaches;
            for (int simulation = 0; simulation < simulations; ++simulation) {
              const auto effect = effect_within_hosts(fleet.outcomes(engine), arms, 0.05);
              held += effect->interval.low <= ratio && ratio <= effect->interval.high;
              seen += effect->interval.high < 1 || effect->interval.low > 1;
              reaches.push_back((effect->interval.high - effect->interval.low) / 2 / effect->ratio);
            }
            std::nth_element(reaches.begin(), reaches.begin() + simulations / 2, reaches.end());
            std::printf("| %zu | %zu | %s | %s | %.0f%% | %.1f%% | %.1f%% | %.0f%% |\n", hosts, 2 * per_group * hosts,
                        known ? "known" : "-", skewed ? "skewed" : "normal", 100 * (1 - ratio), held / 10.0,
                        100 * reaches[simulations / 2], seen / 10.0);
          }
}
