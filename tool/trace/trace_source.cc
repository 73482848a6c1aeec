#include "tool/trace/trace_source.h"

#include <fmt/format.h>

#include "tool/model/failure.h"

namespace neap {

TraceSource::TraceSource(const std::string& path) : path_(path), events_(32768) { check(reader_.open(path.c_str())); }

std::span<const trace::Event> TraceSource::next() {
  std::size_t got = 0;
  check(reader_.read(events_.data(), events_.size(), &got));
  seen_ += got;
  if (got == 0 && seen_ != summary().events) check("the trace is truncated: it holds fewer events than it says");
  return {events_.data(), got};
}

std::string TraceSource::missing() const {
  if (!summary().cut_short) return {};
  return fmt::format(
      "{} has no end: its collector was killed or its disk was full; read up to its last whole chunk, {} events in "
      "{:.1f} s, {} bytes behind it are lost",
      path_, summary().events, summary().duration_ms / 1000.0, summary().lost_bytes);
}

void TraceSource::check(const char* error) const {
  if (error != nullptr) throw UsageFailure(fmt::format("{}: {}", path_, error));
}

}  // namespace neap
