#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "format/event.h"
#include "tool/model/json_text.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"
#include "tool/trace/commands/trace_verbs.h"
#include "tool/trace/trace_facts.h"

namespace neap {
namespace {

struct OperationName {
  trace::Op op;
  const char* name;
};

constexpr std::array operation_names = {
    OperationName{trace::Op::allocate, "malloc"}, OperationName{trace::Op::zeroed, "calloc"},
    OperationName{trace::Op::aligned, "aligned"}, OperationName{trace::Op::resize, "realloc"},
    OperationName{trace::Op::release, "free"},
};

std::uint64_t count_of(const TraceFacts& facts, trace::Op op) {
  return facts.by_operation[static_cast<std::size_t>(op)];
}

std::string size_name(const std::vector<SizeRow>& rows, std::size_t row) {
  if (row + 1 == rows.size()) return "more";
  return "up to " + show_bytes(rows[row].up_to);
}

void print_json(const TraceFacts& facts) {
  nlohmann::ordered_json json = {{"schema", "neap.trace/1"},
                                 {"program", facts.program},
                                 {"complete", facts.missing.empty()},
                                 {"started_unix_s", facts.started_unix_s},
                                 {"file_bytes", facts.file_size.count},
                                 {"events", facts.events},
                                 {"threads", facts.threads},
                                 {"slots", facts.slots},
                                 {"duration_s", facts.duration.count},
                                 {"live_mean_bytes", facts.live_mean.count},
                                 {"live_peak_bytes", facts.live_peak.count},
                                 {"live_end_bytes", facts.live_end.count},
                                 {"objects_end", facts.objects_end},
                                 {"largest_bytes", facts.largest.count},
                                 {"freed_by_another_thread", facts.freed_by_another_thread}};
  for (const OperationName& each : operation_names) json["operations"][each.name] = count_of(facts, each.op);
  for (const SizeRow& row : facts.sizes) {
    const auto limit =
        row.up_to.count == UINT64_MAX ? nlohmann::ordered_json() : nlohmann::ordered_json(row.up_to.count);
    json["sizes"].push_back({{"up_to_bytes", limit}, {"births", row.births}, {"bytes", row.total.count}});
  }
  fmt::print("{}\n", json_text(json, 2));
}

void print_head(const std::string& path, const TraceFacts& facts) {
  const double per_event = static_cast<double>(facts.file_size.count) / static_cast<double>(facts.events);
  fmt::print("{}: {} events in {}, {:.2f} bytes each\n", printable(path), show_count(static_cast<double>(facts.events)),
             show_bytes(facts.file_size), per_event);
  if (!facts.program.empty())
    fmt::print("recorded from {} at {:%Y-%m-%d %H:%M} UTC\n", printable(facts.program),
               fmt::gmtime(static_cast<std::time_t>(facts.started_unix_s)));
  const double rate = facts.duration.count > 0 ? static_cast<double>(facts.events) / facts.duration.count : 0;
  fmt::print("{}, {} threads, {} events a second\n", show_seconds(facts.duration), facts.threads, show_count(rate));
  fmt::print("live: mean {}, peak {}, at the end {} in {} objects; largest object {}\n", show_bytes(facts.live_mean),
             show_bytes(facts.live_peak), show_bytes(facts.live_end),
             show_count(static_cast<double>(facts.objects_end)), show_bytes(facts.largest));
  for (const OperationName& each : operation_names)
    fmt::print("{} {}{}", each.name, show_count(static_cast<double>(count_of(facts, each.op))),
               each.op == trace::Op::release ? "" : ", ");
  fmt::print("; freed by another thread {}\n\n", show_count(static_cast<double>(facts.freed_by_another_thread)));
}

void print_sizes(const TraceFacts& facts) {
  double births = 0, bytes = 0;
  for (const SizeRow& row : facts.sizes) {
    births += static_cast<double>(row.births);
    bytes += static_cast<double>(row.total.count);
  }
  TextTable table({{"size", Align::left}, {"births"}, {"of all"}, {"bytes"}, {"of all"}});
  for (std::size_t i = 0; i < facts.sizes.size(); ++i) {
    const SizeRow& row = facts.sizes[i];
    table.add({size_name(facts.sizes, i), show_count(static_cast<double>(row.births)),
               fmt::format("{:.1f}%", births > 0 ? 100.0 * static_cast<double>(row.births) / births : 0),
               show_bytes(row.total),
               fmt::format("{:.1f}%", bytes > 0 ? 100.0 * static_cast<double>(row.total.count) / bytes : 0)});
  }
  fmt::print("{}", table.text(wants_colour(STDOUT_FILENO)));
}

}  // namespace

VerbBody define_trace_info(CommandLine& command, const Invocation& invocation) {
  auto path = std::make_shared<std::string>();
  command.add_option("TRACE", *path, "A trace of neap trace record, or a .trc.zst one").required();
  return [path, &invocation] {
    const TraceFacts facts = read_trace_facts(*path);
    if (!facts.missing.empty()) tell(facts.missing);
    if (invocation.json) {
      print_json(facts);
    } else {
      print_head(*path, facts);
      print_sizes(facts);
    }
    return 0;
  };
}

}  // namespace neap
