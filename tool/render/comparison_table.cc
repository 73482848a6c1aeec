#include "tool/render/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "tool/model/json_text.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

bool has_ratio(const ComparisonFigures& figures, std::size_t quantity) {
  return quantities[quantity].compared && figures.rows.size() > 1 &&
         std::any_of(figures.rows.begin(), figures.rows.end(),
                     [quantity](const auto& row) { return row[quantity].ratio.has_value(); });
}

// Lower is better throughout; a single row has no winner.
bool is_best(const ComparisonFigures& figures, std::size_t quantity, std::size_t row) {
  if (!quantities[quantity].compared || figures.rows.size() < 2 || !figures.rows[row][quantity].spread) return false;
  const double own = figures.rows[row][quantity].spread->median;
  return std::all_of(figures.rows.begin(), figures.rows.end(), [&](const auto& other) {
    return !other[quantity].spread || other[quantity].spread->median >= own;
  });
}

std::string show_spread(const Quantity& quantity, const std::optional<Spread>& spread, std::size_t runs) {
  if (!spread) return "-";
  std::string text = show_quantity(quantity, spread->median);
  if (runs > 1 && spread->median > 0)
    text += fmt::format(" ±{:.0f}%", 100 * (spread->high - spread->low) / 2 / spread->median);
  return text;
}

TextTable build_table(const Comparison& comparison, const ComparisonFigures& figures, bool every_column) {
  const auto wanted = [&](std::size_t at) {
    return anybody_knows(figures, at) && (every_column || std::string_view(quantities[at].name) != "mean_pss");
  };
  std::vector<TextColumn> columns{{"ALLOCATOR", Align::left}};
  for (std::size_t at = 0; at < quantities.size(); ++at) {
    if (!wanted(at)) continue;
    columns.push_back({quantities[at].title});
    if (has_ratio(figures, at)) columns.push_back({"x"});
  }
  TextTable table(std::move(columns));
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    std::vector<TextCell> cells{comparison.rows[row].label + (comparison.rows[row].remark.empty() ? "" : " (!)")};
    for (std::size_t at = 0; at < quantities.size(); ++at) {
      if (!wanted(at)) continue;
      const QuantityFigures& figure = figures.rows[row][at];
      cells.emplace_back(show_spread(quantities[at], figure.spread, comparison.rows[row].runs.size()),
                         is_best(figures, at, row));
      if (has_ratio(figures, at)) cells.emplace_back(figure.ratio ? fmt::format("{:.2f}", *figure.ratio) : "-");
    }
    table.add(std::move(cells));
  }
  return table;
}

std::string legend(const Comparison& comparison, const ComparisonFigures& figures) {
  std::size_t runs = 0;
  std::size_t fewest = SIZE_MAX;
  for (const ComparisonRow& row : comparison.rows) {
    runs = std::max(runs, row.runs.size());
    fewest = std::min(fewest, row.runs.size());
  }
  std::string text = "Memory in MiB, time in seconds";
  if (runs > 1) text += fmt::format("; median of {}{} runs ± half their range", fewest < runs ? "up to " : "", runs);
  if (has_ratio(figures, 0)) text += fmt::format("; x: against {}", comparison.baseline);
  text += ".\n";
  for (const ComparisonRow& row : comparison.rows)
    if (!row.remark.empty()) text += fmt::format("(!) {}: {}.\n", row.label, row.remark);
  return text;
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

}  // namespace

bool anybody_knows(const ComparisonFigures& figures, std::size_t quantity) {
  return std::any_of(figures.rows.begin(), figures.rows.end(),
                     [quantity](const auto& row) { return row[quantity].spread.has_value(); });
}

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

std::string render_text(const Comparison& comparison, const ComparisonFigures& figures, bool colour) {
  return build_table(comparison, figures, false).text(colour) + legend(comparison, figures);
}

std::string render_markdown(const Comparison& comparison, const ComparisonFigures& figures) {
  std::string title = comparison.title.empty() ? std::string() : "## " + comparison.title + "\n\n";
  return title + build_table(comparison, figures, true).markdown() + "\n" + legend(comparison, figures);
}

std::string render_json(const Comparison& comparison, const ComparisonFigures& figures) {
  nlohmann::json document{
      {"title", comparison.title}, {"baseline", comparison.baseline}, {"rows", nlohmann::json::array()}};
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    const ComparisonRow& source = comparison.rows[row];
    nlohmann::json entry{{"label", source.label}, {"runs", nlohmann::json::array()}};
    if (!source.remark.empty()) entry["remark"] = source.remark;
    for (const Summary& run : source.runs) {
      nlohmann::json values;
      for (const Quantity& quantity : quantities)
        if (const auto value = quantity.get(run)) values[quantity.name] = *value;
      if (run.exit_code) values["exit_code"] = *run.exit_code;
      entry["runs"].push_back(std::move(values));
    }
    for (std::size_t at = 0; at < quantities.size(); ++at) {
      const QuantityFigures& figure = figures.rows[row][at];
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
