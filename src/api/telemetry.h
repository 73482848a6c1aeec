// The exported telemetry object, and its print for people.
#pragma once

#include <cstdint>

#include "neap/neap.h"

extern "C" struct neap_telemetry neap_telemetry;

namespace neap {

// The figures of neap_telemetry as they are printed (stats_at_exit, malloc_stats) and named (malloc_info, `neap
// stats`).
struct StatRow {
  std::uint64_t neap_telemetry::*value;
  const char* name;
  const char* words;
};

inline constexpr StatRow kStats[] = {
    {&neap_telemetry::small_bytes, "small_bytes", "small objects, bytes"},
    {&neap_telemetry::large_bytes, "large_bytes", "large objects, bytes"},
    {&neap_telemetry::large_objects, "large_objects", "large objects"},
    {&neap_telemetry::resident_bytes, "resident_bytes", "resident, bytes"},
    {&neap_telemetry::dirty_bytes, "dirty_bytes", "of it free pages, bytes"},
    {&neap_telemetry::committed_bytes, "committed_bytes", "addresses that may be used, bytes"},
    {&neap_telemetry::reserved_bytes, "reserved_bytes", "addresses reserved, bytes"},
    {&neap_telemetry::metadata_bytes, "metadata_bytes", "metadata, bytes"},
    {&neap_telemetry::returned_bytes, "returned_bytes", "returned to the system so far, bytes"},
    {&neap_telemetry::return_calls, "return_calls", "calls to return it"},
    {&neap_telemetry::events, "events", "heap events"},
    {&neap_telemetry::quarantined, "quarantine_bytes", "freed objects that wait in quarantine, bytes"},
};

// Writes the figures to stderr, one line each, without allocating.
void print_stats(const struct neap_telemetry& t);

}  // namespace neap
