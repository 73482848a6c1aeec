// The replayer's answer: one JSON object on standard output.
#pragma once

#include "meter.h"
#include "player.h"

namespace neap::replay {

// Samples with no live bytes have no ratio and are left out of the means.
void print_result(const Plan& plan, const Player& player, const Meter& meter, double pace);

}  // namespace neap::replay
