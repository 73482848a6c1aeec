// Sample: what one look at one process gave. tool/measure writes it, tool/store keeps it, tool/analysis sums it. A
// field that was not read at that moment, because that costs too much or is not permitted, is empty and never zero.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "tool/model/units.h"

namespace neap {

struct Sample {
  Seconds at;                // since the start of the recording; the same for all processes of one look
  std::int64_t process = 0;  // Process::id
  Bytes rss;
  Bytes peak_rss;  // since the process started, as the kernel keeps it
  Bytes swap;
  std::uint32_t threads = 0;
  std::uint64_t minor_faults = 0;  // since the process started, as is all up to the next remark
  std::uint64_t major_faults = 0;
  Seconds user;
  Seconds system;
  Seconds children_user;  // of children that ended and were waited for, and theirs
  Seconds children_system;
  std::uint64_t children_minor_faults = 0;
  std::uint64_t children_major_faults = 0;
  std::optional<Bytes> pss;  // from here on: read as often as the CPU budget allows
  std::optional<Bytes> private_dirty;
  std::optional<Bytes> anonymous;
  std::optional<Bytes> lazy_free;
  std::optional<Bytes> huge_pages;
  std::optional<std::uint32_t> mappings;
  std::optional<Bytes> live;  // libneap's telemetry: small_bytes + large_bytes
  std::optional<Bytes> heap_resident;
};

// One process of a recording: the program itself or one of its descendants.
struct Process {
  std::int64_t id = 0;  // unique within the recording; a pid may come back
  std::int32_t pid = 0;
  std::int32_t parent_pid = 0;
  std::string name;
  Seconds first_seen;
};

// Something that happened while it was recorded, such as a restart: a line across the charts.
struct Mark {
  Seconds at;
  std::string text;
};

}  // namespace neap
