// TraceReader: opens a trace of any known kind and hands out its events in order, a stretch at a time.
// Used by neap-replay under the allocator being measured, hence: no malloc, no exceptions, no libstdc++.
// Every failure is a sentence for the user; nullptr is success.
#pragma once
#include <cstddef>
#include <cstdint>

#include "chunks_reader.h"
#include "columns_reader.h"
#include "event.h"

namespace neap::trace {

class TraceReader {
 public:
  TraceReader() = default;
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;
  ~TraceReader();

  const char* open(const char* path);
  const Summary& summary() const { return native_ ? chunks_.summary() : columns_.summary(); }
  const char* program() const { return native_ ? chunks_.header().program : ""; }
  std::uint64_t started_unix_s() const { return native_ ? chunks_.header().started_unix_s : 0; }
  bool native() const { return native_; }

  // The index of the last event of each thread: a replayed thread ends after it.
  const SharedArray<std::uint64_t>& last_event_of_thread() const {
    return native_ ? chunks_.last_event_of_thread() : columns_.last_event_of_thread();
  }

  // Fills `out` with the next events, at most `max`; `got` is 0 only at the end of the trace.
  const char* read(Event* out, std::size_t max, std::size_t* got) {
    return native_ ? chunks_.read(out, max, got) : columns_.read(out, max, got);
  }

 private:
  int file_ = -1;
  bool native_ = false;
  ChunksReader chunks_;
  ColumnsReader columns_;
};

}  // namespace neap::trace
