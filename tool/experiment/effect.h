// Effect: how much more or less one group uses than another, compared within hosts. docs/experiment.md argues the
// method. Pure, with a fixed seed: the same outcomes give the same figures.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

// One planned look out of several at an experiment that still runs.
struct Look {
  std::size_t number = 1, planned = 1;
};

// What this look may spend of the error of `total` that all planned looks share: O'Brien and Fleming's spending
// function (Lan and DeMets 1983), each look by itself, so that their sum holds however they depend on each other.
double error_of_look(const Look& look, double total = 0.05);

// The groups of a comparison by their labels.
struct Arms {
  std::string group, baseline;
};

// Ratio, interval at the level 1 - error. Empty with fewer than two hosts that have both, or where a value is not above
// zero.
std::optional<Effect> effect_within_hosts(const std::vector<Outcome>& outcomes, const Arms& arms, double error);

// Fisher's test by shuffling within hosts: how often a difference as large would come of chance alone. Exact for these
// hosts, whatever the distribution. For outcomes that have an effect.
double chance_by_shuffling(const std::vector<Outcome>& outcomes, const Arms& arms);

// `share`: of all instances' time that was the group's.
double chance_of_as_many(double events, double all_events, double share);

}  // namespace neap
