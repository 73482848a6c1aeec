#include "tool/render/html_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tool/model/json_text.h"
#include "tool/model/text.h"
#include "tool/render/embedded.h"
#include "tool/render/palette.h"
#include "tool/render/svg_writer.h"

namespace neap {
namespace {

// A source map reference would point outside of the page.
std::string_view without_source_map(std::string_view text) {
  for (const std::string_view mark : {"//# sourceMappingURL", "/*# sourceMappingURL"})
    text = text.substr(0, text.find(mark));
  return text;
}

std::vector<LineStyle> line_styles(const Chart& chart) {
  std::vector<std::string> labels;
  for (const ChartLine& line : chart.lines) labels.push_back(line.label);
  return styles_of(labels);
}

nlohmann::json in_bytes(const ChartValues& values) {
  nlohmann::json series = nlohmann::json::array();
  for (const auto& value : values) series.push_back(value ? nlohmann::json(std::llround(*value)) : nlohmann::json());
  return series;
}

nlohmann::json in_thousandths(const ChartValues& values) {
  nlohmann::json series = nlohmann::json::array();
  for (const auto& value : values)
    series.push_back(value ? nlohmann::json(std::round(*value * 1000) / 1000) : nlohmann::json());
  return series;
}

std::string chart_data(const Chart& chart) {
  const std::vector<LineStyle> styles = line_styles(chart);
  nlohmann::json data{{"step", chart.step.count}, {"lines", nlohmann::json::array()}};
  for (const Mark& mark : chart.marks) data["marks"].push_back({{"at", mark.at.count}, {"text", printable(mark.text)}});
  if (chart.clock) data["clock"] = chart.clock->unix_s;
  for (std::size_t at = 0; at < chart.lines.size(); ++at) {
    nlohmann::json points = nlohmann::json::array();
    for (const auto& point : chart.lines[at].points) {
      if (point)
        points.push_back({std::llround(point->low), std::llround(point->middle), std::llround(point->high)});
      else
        points.push_back(nullptr);
    }
    const ChartLine& line = chart.lines[at];
    data["lines"].push_back({{"label", printable(line.label)},
                             {"floor", in_bytes(line.floor)},
                             {"pss", in_bytes(line.pss)},
                             {"swap", in_bytes(line.swap)},
                             {"cpu", in_thousandths(line.cpu)},
                             {"light", styles[at].light},
                             {"dark", styles[at].dark},
                             {"dash", styles[at].dash},
                             {"points", std::move(points)}});
  }
  std::string text = json_text(data);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
  return text;
}

std::string median_text(const ComparisonReport& report, const std::string& label, std::string_view name) {
  const std::size_t quantity = quantity_at(name);
  for (std::size_t row = 0; row < report.comparison.rows.size(); ++row)
    if (const auto& spread = report.figures.rows[row][quantity].spread;
        report.comparison.rows[row].label == label && spread)
      return show_quantity(quantities[quantity], spread->median);
  return "-";
}

std::string panels(const Chart& chart, const ComparisonReport& report) {
  if (chart.lines.size() < 2) return {};
  std::string html =
      "<section><h2>One by one</h2><p class=\"hint\">The same scale everywhere, the others faint behind. Drag to zoom, "
      "double-click to go back.</p>";
  const std::size_t columns = chart.lines.size() <= 4 ? chart.lines.size() : 3;
  html += fmt::format("<div class=\"panels\" style=\"--columns:{}\">\n", columns);
  for (const ChartLine& line : chart.lines)
    html += fmt::format(
        "<div class=\"panel\"><h3>{}</h3><p>mean {}, end {}, peak {} MiB</p><div class=\"plot\"></div></div>\n",
        escape_markup(line.label), median_text(report, line.label, "mean_rss"),
        median_text(report, line.label, "end_rss"), median_text(report, line.label, "peak_rss"));
  return html + "</div></section>\n";
}

std::string cell(const ComparisonFigures& figures, std::size_t row, std::size_t quantity) {
  const QuantityFigures& figure = figures.rows[row][quantity];
  if (!figure.spread) return "<td>–</td>";
  std::string text = show_quantity(quantities[quantity], figure.spread->median);
  if (figure.spread->low < figure.spread->high)
    text += fmt::format("<small>{}–{}</small>", show_quantity(quantities[quantity], figure.spread->low),
                        show_quantity(quantities[quantity], figure.spread->high));
  if (quantities[quantity].compared && figure.ratio && figures.rows.size() > 1)
    text += fmt::format("<small>×{:.2f}</small>", *figure.ratio);
  return fmt::format("<td{}>{}</td>", figure.best ? " class=\"best\"" : "", text);
}

const char* unit_of(const Quantity& quantity) {
  return quantity.unit == QuantityUnit::bytes ? " MiB" : quantity.unit == QuantityUnit::seconds ? " s" : "";
}

std::string heading(const Quantity& quantity) {
  return fmt::format("<th title=\"{}\">{}{}</th>", escape_markup(quantity.help), quantity.title, unit_of(quantity));
}

std::string table(const ComparisonReport& report) {
  const Comparison& comparison = report.comparison;
  const ComparisonFigures& figures = report.figures;
  std::string html = "<section><h2>In numbers</h2><p class=\"hint\">";
  html += fmt::format("{} × is against {}.", escape_markup(comparison.about), escape_markup(comparison.baseline));
  html += "</p><div class=\"scroll\"><table><thead><tr><th>allocator</th>";
  for (std::size_t quantity = 0; quantity < quantities.size(); ++quantity)
    if (anybody_knows(figures, quantity)) html += heading(quantities[quantity]);
  html += "</tr></thead><tbody>\n";
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    html += fmt::format("<tr><td><i class=\"c{}\"></i>{}</td>", row, escape_markup(comparison.rows[row].label));
    for (std::size_t quantity = 0; quantity < quantities.size(); ++quantity)
      if (anybody_knows(figures, quantity)) html += cell(figures, row, quantity);
    html += "</tr>\n";
  }
  html += "</tbody></table></div>";
  for (const ComparisonRow& row : comparison.rows)
    for (const std::string& remark : row.remarks)
      html += fmt::format("<p class=\"hint\"><b>{}</b>: {}</p>", escape_markup(row.label), escape_markup(remark));
  for (const auto* lines : {&comparison.remarks, &report.hints})
    for (const std::string& line : *lines) html += fmt::format("<p class=\"hint\">{}</p>", escape_markup(line));
  return html + "</section>\n";
}

// The dots beside the names, in the reader's theme.
std::string colour_rules(const Chart& chart) {
  const std::vector<LineStyle> colours = line_styles(chart);
  std::string light, dark;
  for (std::size_t at = 0; at < colours.size(); ++at) {
    light += fmt::format(".c{}{{background:{}}}", at, colours[at].light);
    dark += fmt::format(".c{}{{background:{}}}", at, colours[at].dark);
  }
  return light + "@media (prefers-color-scheme: dark) {" + dark + "}";
}

std::string notes(const Chart& chart) {
  std::string html = "<ul class=\"notes\">";
  for (const std::string& note : chart.notes) html += "<li>" + escape_markup(note) + "</li>";
  return html + "</ul>\n";
}

std::string lead_of(const ComparisonReport& report) {
  return report.verdict.empty() ? "Resident memory over time." : report.verdict + ".";
}

}  // namespace

std::string render_html(const Chart& chart, const ComparisonReport& report) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src "
      "'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\"><title>{}</title>\n",
      escape_markup(chart.title));
  html += fmt::format("<style>{}</style>\n<style>{}{}</style>\n", without_source_map(embedded::dygraph_css),
                      embedded::report_css, colour_rules(chart));
  html += fmt::format("</head><body><main><h1>{}</h1><p class=\"lead\">{}</p>\n", escape_markup(chart.title),
                      escape_markup(lead_of(report)));
  html += fmt::format(
      "<section><h2>Together</h2><p class=\"hint\" id=\"moment\">Line: mean; shade: {}; dots: the floor, RSS "
      "without what the heap holds above its live bytes. Point at the chart to read values, drag to zoom, double-click "
      "to go back.</p><div "
      "class=\"legend\" id=\"legend\"></div><div id=\"common\"></div><div id=\"more\"></div></section>\n",
      escape_markup(chart.shade));
  html += panels(chart, report) + table(report) + notes(chart);
  html += fmt::format("</main>\n<script type=\"application/json\" id=\"data\">{}</script>\n", chart_data(chart));
  html += fmt::format("<script>{}</script>\n<script>{}</script>\n</body></html>\n",
                      without_source_map(embedded::dygraph_js), embedded::report_js);
  return html;
}

}  // namespace neap
