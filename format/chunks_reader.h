// ChunksReader: reads neap's own trace files (trace.h), one chunk in memory at a time. Called by TraceReader.
// No malloc, no exceptions; single-threaded; every failure is a sentence for the user, nullptr is success.
// A trace without an end is read up to its last whole chunk: one pass over it finds what the end would have told.
#pragma once
#include <cstddef>
#include <cstdint>

#include "event.h"
#include "shared_array.h"
#include "trace.h"
#include "zstd_memory.h"

namespace neap::trace {

class ChunksReader {
 public:
  // `file` is at its start and stays the caller's.
  const char* open(int file);

  const Summary& summary() const { return summary_; }
  const FileHeader& header() const { return header_; }
  const SharedArray<std::uint64_t>& last_event_of_thread() const { return last_event_; }

  // Fills `out` with the next events, at most `max`; `got` is 0 only at the end of the trace.
  const char* read(Event* out, std::size_t max, std::size_t* got);

 private:
  struct Bytes {  // a column being read; past its end it gives zeros and is marked short
    const std::uint8_t* at = nullptr;
    const std::uint8_t* end = nullptr;
    bool is_short = false;
    std::uint8_t next();
    std::uint64_t varint();
  };
  struct Run {
    std::uint64_t left;
    std::uint64_t value;
  };

  const char* read_footer();
  const char* recover(std::uint64_t file_bytes);
  void rewind();
  bool has_end(std::uint64_t file_bytes) const;
  const char* load_chunk();
  const char* cut_columns(std::size_t bytes);
  const char* decode(Event& event);
  std::uint32_t next_slot();
  std::uint64_t next_size();
  const char* birth_slot(std::uint32_t* slot);
  void next_run(Run& run, Bytes& column);

  int file_ = -1;
  FileHeader header_{};
  Summary summary_;
  SharedArray<std::uint64_t> last_event_;
  SharedArray<std::uint8_t> packed_, columns_;
  SharedArray<std::uint32_t> free_slots_;  // a stack
  std::size_t free_count_ = 0;
  std::uint32_t slots_used_ = 0;
  std::uint64_t chunk_offset_ = 0, footer_offset_ = 0;
  ZSTD_DCtx* context_ = nullptr;
  ZstdMemory zstd_memory_{std::size_t{32} << 20};
  std::uint32_t left_in_chunk_ = 0;
  std::uint32_t time_ms_ = 0;
  Bytes column_[kColumns];
  Run thread_{}, time_{};
};

}  // namespace neap::trace
