// The board: shared memory in which a workload tells the gauge outside how many bytes are live right now, so that
// resident memory can be set against them. Written by the workload's threads, one cache line each; read by the gauge
// every few milliseconds. Sums may be a few objects off while threads run, never torn.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::bench {

enum class Stage : std::uint64_t { starting, running, done };

struct Board {
  static constexpr std::size_t line_count = 256;
  struct alignas(64) Line {
    std::atomic<std::int64_t> live_bytes;
  };

  std::atomic<Stage> stage;  // samples count only while it is `running`
  std::atomic<std::uint64_t>
      baseline_bytes;  // anonymous memory before the first object, the workload's tables included
  Line lines[line_count];

  std::int64_t live_bytes() const {
    std::int64_t sum = 0;
    for (const Line& line : lines) sum += line.live_bytes.load(std::memory_order_relaxed);
    return sum;
  }
};

// The variable that names the board's file. Without it a workload runs just the same, on a board of its own.
inline constexpr const char* board_variable = "NEAP_BENCH_BOARD";

}  // namespace neap::bench
