// What one pass over a trace tells: for `neap trace info`.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

struct SizeRow {
  Bytes up_to;  // objects of at most this size, above the row before
  std::uint64_t births = 0;
  Bytes total;
};

struct TraceFacts {
  std::string program;
  std::string missing;  // what is lost of a trace that was cut short
  std::uint64_t started_unix_s = 0;
  Bytes file_size;
  std::uint64_t events = 0;
  std::uint32_t slots = 0;
  std::uint32_t threads = 0;
  Seconds duration;
  std::array<std::uint64_t, 8> by_operation{};  // index: trace::Op
  std::uint64_t freed_by_another_thread = 0;
  Bytes live_mean;  // over the events
  Bytes live_peak;
  Bytes live_end;
  std::uint64_t objects_end = 0;
  Bytes largest;
  std::vector<SizeRow> sizes;
};

// Throws UsageFailure with one clear line when the file is no trace, truncated or corrupted.
TraceFacts read_trace_facts(const std::string& path);

}  // namespace neap
