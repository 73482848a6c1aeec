// TraceSource: the events of a trace of any kind, in order, with errors as UsageFailure that names the file.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "format/trace_reader.h"

namespace neap {

class TraceSource {
 public:
  explicit TraceSource(const std::string& path);

  const trace::Summary& summary() const { return reader_.summary(); }
  const trace::TraceReader& reader() const { return reader_; }

  // A sentence that says what is missing of a trace that was cut short; empty for a whole one.
  std::string missing() const;

  // The next events; empty at the end.
  std::span<const trace::Event> next();

 private:
  void check(const char* error) const;

  std::string path_;
  trace::TraceReader reader_;
  std::vector<trace::Event> events_;
  std::uint64_t seen_ = 0;
};

}  // namespace neap
