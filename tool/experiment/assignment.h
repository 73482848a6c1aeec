// Who gets which allocator, and in which order they are switched. Pure: the same seed gives the same answer everywhere.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

// Deals the instances to the groups at random; group sizes differ by one at most, and chance decides who gets the odd
// one.
std::vector<Instance> assign_at_random(std::vector<std::string> names, std::vector<std::string> groups,
                                       std::uint64_t seed);

// The seed of one host, from the one of an experiment over several: hosts with the same names deal differently.
std::uint64_t seed_of_host(std::uint64_t seed, const std::string& host);

// Rounds of instances (as indices), at most one of each group in a round: at every moment of the switch all groups have
// been restarted alike. Instances that were switched already are left out.
std::vector<std::vector<std::size_t>> switching_rounds(const Experiment& experiment);

}  // namespace neap
