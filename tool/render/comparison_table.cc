#include "tool/render/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "tool/model/json_text.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

bool has_ratio(const ComparisonFigures& figures, std::size_t quantity) {
  return quantities[quantity].compared && figures.rows.size() > 1 &&
         std::any_of(figures.rows.begin(), figures.rows.end(),
                     [quantity](const auto& row) { return row[quantity].ratio.has_value(); });
}

std::string show_spread(const Quantity& quantity, const std::optional<Spread>& spread, std::size_t runs) {
  if (!spread) return "-";
  std::string text = show_quantity(quantity, spread->median);
  if (runs > 1 && spread->median > 0)
    text += fmt::format(" ±{:.0f}%", 100 * (spread->high - spread->low) / 2 / spread->median);
  return text;
}

// Columns that say the same as others. The terminal does without them.
bool is_extra(std::size_t quantity) {
  return quantity == quantity_at("mean_pss") || quantity == quantity_at("mean_live");
}

bool has_remark(const ComparisonRow& row) { return !row.remarks.empty(); }

TextTable build_table(const ComparisonReport& report, bool every_column) {
  const ComparisonFigures& figures = report.figures;
  const auto wanted = [&](std::size_t at) { return anybody_knows(figures, at) && (every_column || !is_extra(at)); };
  std::vector<TextColumn> columns{{"ALLOCATOR", Align::left}};
  for (std::size_t at = 0; at < quantities.size(); ++at) {
    if (!wanted(at)) continue;
    columns.push_back({quantities[at].title});
    if (has_ratio(figures, at)) columns.push_back({"x", Align::right, true});
  }
  TextTable table(std::move(columns));
  for (std::size_t at_row = 0; at_row < report.comparison.rows.size(); ++at_row) {
    const ComparisonRow& row = report.comparison.rows[at_row];
    std::vector<TextCell> cells{row.label + (has_remark(row) ? " (!)" : "")};
    for (std::size_t at = 0; at < quantities.size(); ++at) {
      if (!wanted(at)) continue;
      const QuantityFigures& figure = figures.rows[at_row][at];
      cells.emplace_back(show_spread(quantities[at], figure.spread, row.runs.size()), figure.best);
      if (has_ratio(figures, at)) cells.emplace_back(figure.ratio ? fmt::format("{:.2f}", *figure.ratio) : "-");
    }
    table.add(std::move(cells));
  }
  return table;
}

// The lines below a table: units, what the numbers are, remarks, hints.
std::vector<std::string> legend(const ComparisonReport& report) {
  std::size_t runs = 0;
  std::size_t fewest = SIZE_MAX;
  bool alike = true;
  for (const ComparisonRow& row : report.comparison.rows) {
    runs = std::max(runs, row.runs.size());
    fewest = std::min(fewest, row.runs.size());
    alike = alike && row.alike;
  }
  std::string units = "Memory in MiB, time in seconds";
  if (runs > 1)
    units += fmt::format("; {} of {}{} {} ± half their range", alike ? "median" : "middle",
                         fewest < runs ? "up to " : "", runs, alike ? "runs" : "unlike recordings");
  if (has_ratio(report.figures, 0)) units += fmt::format("; x: against {}", report.comparison.baseline);
  std::vector<std::string> lines{units + "."};
  for (const ComparisonRow& row : report.comparison.rows)
    for (const std::string& remark : row.remarks) lines.push_back(fmt::format("(!) {}: {}.", row.label, remark));
  for (const std::string& remark : report.comparison.remarks) lines.push_back(fmt::format("(!) {}.", remark));
  for (const std::string& hint : report.hints) lines.push_back(fmt::format("(!) {}.", hint));
  return lines;
}

const char* unit_name(QuantityUnit unit) {
  switch (unit) {
    case QuantityUnit::bytes:
      return "bytes";
    case QuantityUnit::seconds:
      return "seconds";
    case QuantityUnit::count:
      break;
  }
  return "";
}

nlohmann::json slope_as_json(const Slope& slope) {
  return {{"median", slope.median}, {"low", slope.low}, {"high", slope.high}};
}

}  // namespace

std::string show_quantity(const Quantity& quantity, double value) {
  switch (quantity.unit) {
    case QuantityUnit::bytes:
      return show_mib(Bytes{static_cast<std::uint64_t>(value)});
    case QuantityUnit::seconds:
      return fmt::format("{:.2f}", value);
    case QuantityUnit::count:
      break;
  }
  return show_count(value);
}

std::string render_text(const ComparisonReport& report, bool colour) {
  const std::size_t width = output_width();
  std::string text;
  if (!report.verdict.empty()) text += wrapped(printable(report.verdict) + ".", width) + "\n";
  text += build_table(report, false).text(colour, width);
  for (const std::string& line : legend(report)) text += wrapped(printable(line), width, 4);
  return text;
}

std::string render_markdown(const ComparisonReport& report) {
  const std::string& title = report.comparison.title;
  std::string text = title.empty() ? std::string() : "## " + printable(title) + "\n\n";
  if (!report.verdict.empty()) text += printable(report.verdict) + ".\n\n";
  text += build_table(report, true).markdown() + "\n";
  for (const std::string& line : legend(report)) text += printable(line) + "\n";
  return text;
}

std::string render_json(const ComparisonReport& report) {
  const Comparison& comparison = report.comparison;
  nlohmann::json document{{"schema", "neap.comparison/1"},   {"title", comparison.title},
                          {"baseline", comparison.baseline}, {"verdict", report.verdict},
                          {"remarks", comparison.remarks},   {"hints", report.hints},
                          {"rows", nlohmann::json::array()}};
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    const ComparisonRow& source = comparison.rows[row];
    nlohmann::json entry{{"label", source.label},
                         {"alike", source.alike},
                         {"remarks", source.remarks},
                         {"quantities", nlohmann::json::object()},
                         {"runs", nlohmann::json::array()}};
    for (const Summary& run : source.runs) {
      nlohmann::json values;
      for (const Quantity& quantity : quantities)
        if (const auto value = quantity.get(run)) values[quantity.name] = *value;
      if (run.rss_slope) values["rss_slope"] = slope_as_json(*run.rss_slope);
      if (run.live_slope) values["live_slope"] = slope_as_json(*run.live_slope);
      if (run.heap_to_live_slope) values["heap_to_live_slope"] = slope_as_json(*run.heap_to_live_slope);
      if (run.exit_code) values["exit_code"] = *run.exit_code;
      entry["runs"].push_back(std::move(values));
    }
    for (std::size_t at = 0; at < quantities.size(); ++at) {
      const QuantityFigures& figure = report.figures.rows[row][at];
      if (!figure.spread) continue;
      nlohmann::json values{{"unit", unit_name(quantities[at].unit)},
                            {"median", figure.spread->median},
                            {"low", figure.spread->low},
                            {"high", figure.spread->high}};
      if (figure.ratio) values["ratio"] = *figure.ratio;
      entry["quantities"][quantities[at].name] = std::move(values);
    }
    document["rows"].push_back(std::move(entry));
  }
  return json_text(document, 2) + "\n";
}

}  // namespace neap
