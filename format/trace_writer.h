// TraceWriter: writes a trace file (trace.h) from events in their order. Used by the collector of `neap trace record`
// and by the converter; single-threaded. The producer's slots may be any numbers below 2^32: they are renumbered.
// Throws std::runtime_error when the file cannot be written. A file without finish() has no end and is
// read up to its last whole chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <vector>

#include "event.h"
#include "trace.h"

struct ZSTD_CCtx_s;

namespace neap::trace {

class TraceWriter {
 public:
  // `started_unix_s` is when the program was recorded; 0: this moment.
  TraceWriter(const std::string& path, const std::string& program, int compression_level,
              std::uint64_t started_unix_s = 0);
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;
  ~TraceWriter();

  // Threads may have any numbers; they are renumbered by first appearance.
  void add(const Event& event);
  void finish();

  std::uint64_t events() const { return events_; }
  std::uint64_t bytes_written() const { return offset_; }

 private:
  struct Run {
    std::uint64_t count = 0;
    std::uint64_t value = 0;
  };

  void put_slot(const Event& event);
  void put_size(std::uint64_t size);
  void put_run(Column column, Run& run);
  std::uint32_t thread_number(std::uint32_t thread);
  void flush_chunk();
  void write(const void* data, std::size_t bytes);
  void flush();

  std::FILE* file_;
  ZSTD_CCtx_s* context_;
  std::uint64_t offset_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t chunk_events_ = 0;
  std::uint32_t time_ms_ = 0;
  Run threads_run_, times_run_;
  std::vector<std::uint8_t> column_[kColumns];
  std::vector<std::uint8_t> unpacked_, packed_;
  std::vector<std::uint32_t> slot_of_;  // producer's slot -> ours + 1; 0 is a free one
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_used_ = 0;
  std::unordered_map<std::uint32_t, std::uint32_t> thread_numbers_;
  std::vector<std::uint64_t> last_event_;
};

}  // namespace neap::trace
