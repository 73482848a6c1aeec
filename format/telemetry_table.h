// The table of libneap's figures. From a row derive the print at exit and malloc_stats, malloc_info, `neap stats` with
// its JSON, and `neap metrics`: a new figure is a field of neap_telemetry, a row here, and what the heap puts into it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "neap/neap.h"

namespace neap {

enum class FigureUnit : std::uint8_t { bytes, count };

struct TelemetryFigure {
  std::uint64_t (*of)(const struct neap_telemetry&);
  const char* name;  // wherever a program or a person asks for it
  FigureUnit unit;
  const char* help;
  // The name for Prometheus, where the figure is summed over the processes of a service: neap_unit_METRIC, with _total
  // behind a figure that only grows. Null when it is not told there.
  const char* metric = nullptr;
  bool grows = false;
};

namespace telemetry_access {

template <auto field>
constexpr std::uint64_t get(const struct neap_telemetry& telemetry) {
  return telemetry.*field;
}
constexpr std::uint64_t live(const struct neap_telemetry& telemetry) {
  return telemetry.small_bytes + telemetry.large_bytes;
}

}  // namespace telemetry_access

inline constexpr TelemetryFigure telemetry_table[] = {
    {telemetry_access::live, "live_bytes", FigureUnit::bytes, "bytes of live objects, small and large", "live_bytes"},
    {telemetry_access::get<&neap_telemetry::small_bytes>, "small_bytes", FigureUnit::bytes,
     "live objects up to 32 KiB, rounded to their size, cached ones included"},
    {telemetry_access::get<&neap_telemetry::large_bytes>, "large_bytes", FigureUnit::bytes,
     "live objects above 32 KiB, in whole pages"},
    {telemetry_access::get<&neap_telemetry::large_objects>, "large_objects", FigureUnit::count, "how many of those"},
    {telemetry_access::get<&neap_telemetry::resident_bytes>, "resident_bytes", FigureUnit::bytes,
     "heap pages that hold or held data and were not returned to the system", "heap_resident_bytes"},
    {telemetry_access::get<&neap_telemetry::dirty_bytes>, "dirty_bytes", FigureUnit::bytes,
     "wholly free pages among them, which wait to be returned or used again", "dirty_bytes"},
    {telemetry_access::get<&neap_telemetry::committed_bytes>, "committed_bytes", FigureUnit::bytes,
     "addresses of the heap that may be read and written"},
    {telemetry_access::get<&neap_telemetry::reserved_bytes>, "reserved_bytes", FigureUnit::bytes,
     "addresses set aside for the heap"},
    {telemetry_access::get<&neap_telemetry::metadata_bytes>, "metadata_bytes", FigureUnit::bytes,
     "memory that libneap uses for itself", "metadata_bytes"},
    {telemetry_access::get<&neap_telemetry::returned_bytes>, "returned_bytes", FigureUnit::bytes,
     "memory returned to the system since the start", "returned_bytes", true},
    {telemetry_access::get<&neap_telemetry::return_calls>, "return_calls", FigureUnit::count,
     "system calls made to return it", "return_calls", true},
    {telemetry_access::get<&neap_telemetry::events>, "events", FigureUnit::count,
     "heap events, the clock by which free pages are returned"},
    {telemetry_access::get<&neap_telemetry::quarantined>, "quarantine_bytes", FigureUnit::bytes,
     "small objects that were freed and wait, in a hardened process"},
    {telemetry_access::get<&neap_telemetry::served>, "served", FigureUnit::count,
     "objects handed out to threads' caches or to the program", "objects_served", true},
    {telemetry_access::get<&neap_telemetry::threads>, "threads", FigureUnit::count, "threads that have a cache"},
};

inline constexpr std::size_t telemetry_figures = sizeof telemetry_table / sizeof telemetry_table[0];

}  // namespace neap
