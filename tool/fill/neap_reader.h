// The reader of libneap's heap: telemetry leads to the layout table (format/heap_layout.h), that to the page map, its
// chunks, their block descriptors and bitmaps. What threads keep in their caches counts as live.
#pragma once
#include <neap/neap.h>

#include "tool/fill/heap_fill.h"

namespace neap {

// Empty where libneap serves nothing.
std::optional<HeapFill> read_neap(AddressSpace& space);

struct FoundTelemetry {
  std::uint64_t address = 0;
  neap_telemetry values{};
  std::string library;
};

// By its magic word, in the data of libneap.so or of the program: no symbol is needed.
std::optional<FoundTelemetry> find_telemetry_in(AddressSpace& space);

}  // namespace neap
