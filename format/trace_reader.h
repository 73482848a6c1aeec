// TraceReader: opens a trace of any known kind and hands out its events in order, a stretch at a time.
// Used by neap-replay under the allocator being measured, hence: no malloc, no exceptions, no libstdc++.
// Every failure is a sentence for the user; nullptr is success.
#pragma once

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
  const Summary& summary() const { return columns_.summary(); }

  // The index of the last event of each thread: a replayed thread ends after it.
  const SharedArray<uint64_t>& last_event_of_thread() const { return columns_.last_event_of_thread(); }

  // Fills `out` with the next events, at most `max`; `got` is 0 only at the end of the trace.
  const char* read(Event* out, size_t max, size_t* got) { return columns_.read(out, max, got); }

 private:
  int file_ = -1;
  ColumnsReader columns_;
};

}  // namespace neap::trace
