// The replayer's answer: one JSON object on standard output.
#pragma once

#include "meter.h"
#include "player.h"

namespace neap::replay {

// `resident_per_live` is mean resident bytes over mean live bytes of the samples: a moment with an almost empty heap,
// whose own ratio is huge, weighs no more than it holds. `resident_per_live_of_samples` is the plain mean of the
// ratios.
void print_result(const Plan& plan, const Player& player, const Meter& meter, double pace);

}  // namespace neap::replay
