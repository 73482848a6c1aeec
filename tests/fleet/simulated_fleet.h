// A simulated fleet: what each instance used, where the effect of the group is known.
#pragma once
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

// Spreads are standard deviations of logarithms; those of relays on one server of the published data are 0.05 to 0.2.
struct SimulatedFleet {
  std::size_t hosts = 8;
  std::size_t per_group = 4;
  double ratio = 1;
  double between_hosts = 0.5, between_instances = 0.15, of_effect = 0.03;
  double persistent = 0.8;  // share of an instance's own variance that its memory before shows
  bool skewed = false;      // instances' deviations exponential instead of normal
  bool before_known = true;

  std::vector<Outcome> outcomes(std::mt19937_64& engine) const {
    std::normal_distribution<double> normal;
    std::exponential_distribution<double> exponential;
    const auto deviation = [&] { return skewed ? exponential(engine) - 1 : normal(engine); };
    std::vector<Outcome> all;
    for (std::size_t host = 0; host < hosts; ++host) {
      const double level = between_hosts * normal(engine);
      const double effect = std::log(ratio) + of_effect * normal(engine);
      for (std::size_t instance = 0; instance < 2 * per_group; ++instance) {
        const bool in_group = instance % 2 == 1;
        const double own = between_instances * std::sqrt(persistent) * deviation();
        const auto noise = [&] { return between_instances * std::sqrt(1 - persistent) * deviation(); };
        Outcome& outcome = all.emplace_back();
        outcome.host = std::to_string(host);
        outcome.group = in_group ? "neap" : "libc";
        outcome.value = std::exp(20 + level + own + noise() + (in_group ? effect : 0));
        if (before_known) outcome.before = std::exp(20 + level + own + noise());
      }
    }
    return all;
  }
};

}  // namespace neap
