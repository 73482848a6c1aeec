// From readings to what is compared within hosts: each instance's mean after the last switch, and before its own.
#pragma once
#include <vector>

#include "tool/experiment/effect.h"
#include "tool/experiment/experiment.h"

namespace neap {

// Instances without a reading from `from` to `until` are left out.
std::vector<Outcome> memory_outcomes(const Experiment& experiment, Moment from, Moment until);

// The effects of all groups of the experiment on one quantity.
std::vector<Effect> effects_on(const std::string& quantity, const std::vector<Outcome>& outcomes,
                               const Experiment& experiment, const std::string& baseline, const Look& look);

// Of several hosts.
bool spans_hosts(const Experiment& experiment);

}  // namespace neap
