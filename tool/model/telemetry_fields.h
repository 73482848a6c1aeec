// The table of libneap's counters: name (as in malloc_info and neap_stats), unit, help, access. `neap stats`, its JSON
// and the documentation derive from it.
#pragma once
#include <neap/neap.h>

#include <array>
#include <cstdint>

namespace neap {

enum class TelemetryUnit : std::uint8_t { bytes, count };

struct TelemetryField {
  const char* name;
  TelemetryUnit unit;
  const char* help;
  std::uint64_t (*get)(const neap_telemetry&);
};

namespace telemetry_access {

template <auto member>
std::uint64_t get(const neap_telemetry& telemetry) {
  return telemetry.*member;
}

}  // namespace telemetry_access

inline constexpr std::array telemetry_fields = {
    TelemetryField{"small_bytes", TelemetryUnit::bytes,
                   "live objects up to 32 KiB, rounded to their size, cached ones included",
                   telemetry_access::get<&neap_telemetry::small_bytes>},
    TelemetryField{"large_bytes", TelemetryUnit::bytes, "live objects above 32 KiB, in whole pages",
                   telemetry_access::get<&neap_telemetry::large_bytes>},
    TelemetryField{"large_objects", TelemetryUnit::count, "how many of those",
                   telemetry_access::get<&neap_telemetry::large_objects>},
    TelemetryField{"resident_bytes", TelemetryUnit::bytes, "heap pages that hold or held data and were not returned",
                   telemetry_access::get<&neap_telemetry::resident_bytes>},
    TelemetryField{"dirty_bytes", TelemetryUnit::bytes, "of it wholly free pages, waiting to be returned or used again",
                   telemetry_access::get<&neap_telemetry::dirty_bytes>},
    TelemetryField{"committed_bytes", TelemetryUnit::bytes, "addresses of the heap that may be read and written",
                   telemetry_access::get<&neap_telemetry::committed_bytes>},
    TelemetryField{"reserved_bytes", TelemetryUnit::bytes, "addresses set aside for the heap",
                   telemetry_access::get<&neap_telemetry::reserved_bytes>},
    TelemetryField{"metadata_bytes", TelemetryUnit::bytes, "what the library uses for itself",
                   telemetry_access::get<&neap_telemetry::metadata_bytes>},
    TelemetryField{"returned_bytes", TelemetryUnit::bytes, "returned to the system since the start",
                   telemetry_access::get<&neap_telemetry::returned_bytes>},
    TelemetryField{"return_calls", TelemetryUnit::count, "system calls that returned it",
                   telemetry_access::get<&neap_telemetry::return_calls>},
    TelemetryField{"events", TelemetryUnit::count, "heap events: the clock by which free pages are returned",
                   telemetry_access::get<&neap_telemetry::events>},
    TelemetryField{"quarantine_bytes", TelemetryUnit::bytes,
                   "of small objects those that were freed and wait (hardened)",
                   telemetry_access::get<&neap_telemetry::quarantined>},
    TelemetryField{"served", TelemetryUnit::count, "objects handed out to threads' caches or to the program",
                   telemetry_access::get<&neap_telemetry::served>},
    TelemetryField{"threads", TelemetryUnit::count, "threads that have a cache",
                   telemetry_access::get<&neap_telemetry::threads>},
};

}  // namespace neap
