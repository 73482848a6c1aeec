#include "tool/trace/trace_facts.h"

#include <algorithm>
#include <filesystem>

#include "tool/model/failure.h"
#include "tool/trace/trace_source.h"

namespace neap {
namespace {

using trace::Op;

constexpr std::array size_limits = {16u, 64u, 256u, 1024u, 4096u, 32768u, 262144u, 1048576u};

class Tally {
 public:
  Tally(const trace::Summary& summary, TraceFacts& facts) : facts_(facts), objects_(summary.slots) {
    for (const unsigned limit : size_limits) facts_.sizes.push_back({{limit}, 0, {}});
    facts_.sizes.push_back({{UINT64_MAX}, 0, {}});
  }

  void add(const trace::Event& event) {
    ++facts_.by_operation[static_cast<std::size_t>(event.op)];
    Object& object = objects_[event.slot];
    if (event.op == Op::release && object.thread != event.thread) ++facts_.freed_by_another_thread;
    live_ += event.size_bytes - object.size;
    if (event.op == Op::release) {
      object.size = 0;
      --objects_alive_;
    } else {
      if (event.op != Op::resize) ++objects_alive_;
      object = {event.size_bytes, event.thread};
      count_birth(event.size_bytes);
    }
    live_sum_ += static_cast<double>(live_);
    facts_.live_peak = std::max(facts_.live_peak, Bytes{live_});
  }

  void finish() {
    facts_.live_mean = {static_cast<std::uint64_t>(live_sum_ / static_cast<double>(facts_.events))};
    facts_.live_end = {live_};
    facts_.objects_end = objects_alive_;
  }

 private:
  struct Object {
    std::uint64_t size = 0;
    std::uint32_t thread = 0;
  };

  void count_birth(std::uint64_t size) {
    const auto row =
        std::lower_bound(facts_.sizes.begin(), facts_.sizes.end(), size,
                         [](const SizeRow& each, std::uint64_t bytes) { return each.up_to.count < bytes; });
    ++row->births;
    row->total += {size};
    facts_.largest = std::max(facts_.largest, Bytes{size});
  }

  TraceFacts& facts_;
  std::vector<Object> objects_;
  std::uint64_t live_ = 0;
  std::uint64_t objects_alive_ = 0;
  double live_sum_ = 0;
};

}  // namespace

TraceFacts read_trace_facts(const std::string& path) {
  TraceSource source(path);
  TraceFacts facts;
  const trace::Summary& summary = source.summary();
  facts.missing = source.missing();
  facts.program = source.reader().program();
  facts.started_unix_s = source.reader().started_unix_s();
  facts.file_size = {std::filesystem::file_size(path)};
  facts.events = summary.events;
  facts.slots = summary.slots;
  facts.threads = summary.threads;
  facts.duration = {summary.duration_ms / 1000.0};
  Tally tally(summary, facts);
  for (auto events = source.next(); !events.empty(); events = source.next())
    for (const trace::Event& event : events) tally.add(event);
  tally.finish();
  return facts;
}

}  // namespace neap
