// The exported telemetry object, and its print for people.
#pragma once

#include "neap/neap.h"

extern "C" struct neap_telemetry neap_telemetry;

namespace neap {

// Writes the figures (format/telemetry_table.h) to stderr, one line each, without allocating.
void print_stats(const struct neap_telemetry& t);

}  // namespace neap
