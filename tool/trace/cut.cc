#include "tool/trace/cut.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "format/trace_writer.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/trace/trace_source.h"

namespace neap {
namespace {

using trace::Event;
using trace::Op;

// The objects alive so far, by slot; an object's last birth or resize stands for it.
class Alive {
 public:
  explicit Alive(std::uint32_t slots) : births_(slots), alive_(slots) {}

  void add(const Event& event) {
    alive_[event.slot] = event.op != Op::release;
    if (event.op == Op::release) return;
    const bool born = event.op != Op::resize;
    births_[event.slot].size_bytes = event.size_bytes;
    if (born) births_[event.slot] = event;
  }

  void write(trace::TraceWriter& writer) const {
    for (std::size_t slot = 0; slot < births_.size(); ++slot) {
      Event birth = births_[slot];
      birth.time_ms = 0;
      if (alive_[slot]) writer.add(birth);
    }
  }

 private:
  std::vector<Event> births_;
  std::vector<bool> alive_;
};

}  // namespace

std::uint64_t cut_trace(const std::string& input, const std::string& output, const Cut& cut) {
  TraceSource source(input);
  if (!source.missing().empty()) tell(source.missing());
  const auto from_ms = static_cast<std::uint32_t>(std::lround(cut.from.count * 1000));
  const std::uint32_t until_ms =
      cut.until.count > 0 ? static_cast<std::uint32_t>(std::lround(cut.until.count * 1000)) : UINT32_MAX;
  if (from_ms >= until_ms || from_ms > source.summary().duration_ms)
    throw UsageFailure(fmt::format("{}: nothing lies between --from {} and --until {}; the trace lasts {} s", input,
                                   cut.from.count, cut.until.count, source.summary().duration_ms / 1000.0));
  trace::TraceWriter writer(output, source.reader().program(), cut.compression_level, source.reader().started_unix_s());
  Alive alive(source.summary().slots);
  bool started = false;
  for (auto events = source.next(); !events.empty(); events = source.next()) {
    for (Event event : events) {
      if (event.time_ms < from_ms) {
        alive.add(event);
        continue;
      }
      if (event.time_ms > until_ms) break;
      if (!started) alive.write(writer);
      started = true;
      event.time_ms -= from_ms;
      writer.add(event);
    }
  }
  writer.finish();
  return writer.events();
}

}  // namespace neap
