// The sheet: shared memory by which a workload tells the gauge, which watches it from outside, how many bytes are live
// now. The gauge sets resident memory against them. The threads of the workload write to it, each to a cache line of
// its own, and the gauge reads it every few milliseconds. While threads run, a sum may be a few objects off, but it is
// never torn.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::bench {

enum class Stage : std::uint64_t { starting, running, done };

struct Sheet {
  static constexpr std::size_t line_count = 256;
  struct alignas(64) Line {
    std::atomic<std::int64_t> live_bytes;
  };

  std::atomic<Stage> stage;  // samples count only while it is `running`
  // Anonymous memory before the first object, the tables of the workload included.
  std::atomic<std::uint64_t> baseline_bytes;
  Line lines[line_count];

  std::int64_t live_bytes() const {
    std::int64_t sum = 0;
    for (const Line& line : lines) sum += line.live_bytes.load(std::memory_order_relaxed);
    return sum;
  }
};

// The variable that names the sheet's file. Without it a workload runs just the same, on a sheet of its own.
inline constexpr const char* sheet_variable = "NEAP_BENCH_SHEET";

}  // namespace neap::bench
