// ColumnsReader: reads the headless column traces (.trc.zst: one zstd frame, the whole trace column after column).
// The columns are unpacked once into an anonymous file, outside the process's own memory, and read back a stretch at a
// time. Called by TraceReader; single-threaded; every failure is a sentence for the user, nullptr is success.
//
// Layout when unpacked: {u32 slots, u32 0, u64 n}; n bytes op | log2(alignment) << 3; n bytes thread; then three u32
// columns, each as four planes of n bytes, low byte first: time delta in ms, size, slot as zigzag delta.
#pragma once

#include <cstddef>
#include <cstdint>

#include "event.h"
#include "shared_array.h"

namespace neap::trace {

class ColumnsReader {
 public:
  ColumnsReader() = default;
  ColumnsReader(const ColumnsReader&) = delete;
  ColumnsReader& operator=(const ColumnsReader&) = delete;
  ~ColumnsReader();

  // `compressed` is open at the start of the zstd frame; it is read to its end and stays the caller's.
  const char* open(int compressed);

  const Summary& summary() const { return summary_; }
  const SharedArray<std::uint64_t>& last_event_of_thread() const { return last_event_; }

  // Fills `out` with the next events, at most `max`; `got` is 0 only at the end of the trace.
  const char* read(Event* out, std::size_t max, std::size_t* got);

 private:
  static constexpr std::size_t kHeaderBytes = 16;
  static constexpr std::size_t kColumns = 14;
  static constexpr std::size_t kStretch = 32768;

  const char* unpack(int compressed);
  const char* number_threads();
  bool load_column(std::size_t column, std::uint64_t first, std::size_t count);
  std::uint32_t word(std::size_t first_plane, std::size_t i) const;

  int file_ = -1;  // the unpacked columns
  Summary summary_;
  SharedArray<std::uint64_t> last_event_;
  SharedArray<std::uint8_t> planes_;       // kColumns stretches of kStretch bytes
  std::uint32_t thread_number_[256] = {};  // recorded number + 1 -> ours, by first appearance
  std::uint64_t next_ = 0;
  std::uint32_t time_sum_ms_ = 0;
  std::uint32_t time_ms_ = 0;
  std::uint32_t slot_ = 0;
};

}  // namespace neap::trace
