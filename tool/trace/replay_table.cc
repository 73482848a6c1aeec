#include "tool/trace/replay_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "tool/model/json_text.h"
#include "tool/model/statistics.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr const char* baseline = "libc";

// What is told about a replay: the columns of the table and the members of the JSON.
struct Figure {
  const char* title;
  const char* name;
  const char* format;
  double unit;
  double (*of)(const Replay&);
  bool with_ratio;  // to the baseline, as a column of its own
};

constexpr double mebibyte = 1 << 20;

double in_bytes(Bytes bytes) { return static_cast<double>(bytes.count); }

constexpr std::array figures = {
    Figure{"RSS/live", "resident_per_live", "{:.3f}", 1, [](const Replay& r) { return r.resident_per_live; }, false},
    Figure{"last quarter", "resident_per_live_last_quarter", "{:.3f}", 1,
           [](const Replay& r) { return r.resident_per_live_last_quarter; }, false},
    Figure{"mean MiB", "resident_mean_bytes", "{:.1f}", mebibyte,
           [](const Replay& r) { return in_bytes(r.resident_mean); }, true},
    Figure{"end MiB", "resident_end_bytes", "{:.1f}", mebibyte,
           [](const Replay& r) { return in_bytes(r.resident_end); }, false},
    Figure{"peak MiB", "resident_peak_bytes", "{:.1f}", mebibyte,
           [](const Replay& r) { return in_bytes(r.resident_peak); }, false},
    Figure{"CPU s", "cpu_s", "{:.2f}", 1, [](const Replay& r) { return r.cpu.count; }, true},
    Figure{"minor faults", "minor_faults", "{:.0f}", 1,
           [](const Replay& r) { return static_cast<double>(r.minor_faults); }, false},
};

struct Row {
  std::string label;
  std::vector<const Replay*> runs;

  double median(const Figure& figure) const {
    std::vector<double> values;
    for (const Replay* run : runs) values.push_back(figure.of(*run));
    return median_of(std::move(values));
  }
};

std::vector<Row> complete_rows(const std::vector<Replay>& replays) {
  std::vector<Row> rows;
  for (const Replay& replay : replays) {
    if (!replay.complete) continue;
    const auto same = [&](const Row& row) { return row.label == replay.label; };
    auto row = std::find_if(rows.begin(), rows.end(), same);
    if (row == rows.end()) row = rows.insert(row, {replay.label, {}});
    row->runs.push_back(&replay);
  }
  return rows;
}

TextCell median_cell(const std::vector<Row>& rows, std::size_t at, const Figure& figure) {
  std::vector<std::optional<double>> medians;
  for (const Row& row : rows) medians.emplace_back(row.median(figure));
  return {fmt::format(fmt::runtime(figure.format), *medians[at] / figure.unit), is_best(medians, at)};
}

std::optional<double> ratio_to_baseline(const std::vector<Row>& rows, const Row& row, const Figure& figure) {
  for (const Row& each : rows)
    if (each.label == baseline && each.median(figure) > 0) return row.median(figure) / each.median(figure);
  return std::nullopt;
}

}  // namespace

std::string replay_table(const std::vector<Replay>& replays, bool colour) {
  const auto rows = complete_rows(replays);
  if (rows.empty()) return "no replay was completed\n";
  std::vector<TextColumn> columns = {{"allocator", Align::left}};
  for (const Figure& figure : figures) {
    columns.push_back({figure.title});
    if (figure.with_ratio) columns.push_back({"to libc", Align::right, true});
  }
  TextTable table(columns);
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::vector<TextCell> cells = {rows[at].label};
    for (const Figure& figure : figures) {
      cells.push_back(median_cell(rows, at, figure));
      if (!figure.with_ratio) continue;
      const auto ratio = ratio_to_baseline(rows, rows[at], figure);
      cells.push_back(ratio ? fmt::format("{:.2f}", *ratio) : "-");
    }
    table.add(cells);
  }
  const Replay& any = *rows.front().runs.front();
  return fmt::format("live bytes: mean {}, peak {}\n\n{}", show_bytes(any.live_mean), show_bytes(any.live_peak),
                     table.text(colour));
}

std::string replay_json(const std::vector<Replay>& replays, const std::string& trace_path, double pace) {
  const auto rows = complete_rows(replays);
  nlohmann::ordered_json json = {{"schema", "neap.replay/1"},
                                 {"trace", trace_path},
                                 {"pace", pace},
                                 {"allocators", nlohmann::ordered_json::array()}};
  for (const Row& row : rows) {
    nlohmann::ordered_json entry = {{"allocator", row.label}, {"runs", row.runs.size()}};
    for (const Figure& figure : figures) {
      entry[figure.name] = row.median(figure);
      const auto ratio = ratio_to_baseline(rows, row, figure);
      if (figure.with_ratio && ratio) entry[fmt::format("{}_to_libc", figure.name)] = *ratio;
    }
    entry["live_mean_bytes"] = row.runs.front()->live_mean.count;
    entry["live_peak_bytes"] = row.runs.front()->live_peak.count;
    for (const ReplaySample& sample : row.runs.back()->samples)
      entry["samples"].push_back({sample.event, sample.trace_time.count, sample.live.count, sample.resident.count});
    json["allocators"].push_back(std::move(entry));
  }
  return json_text(json, 1) + "\n";
}

}  // namespace neap
