#include "tool/commands/report_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "tool/analysis/chart_lines.h"
#include "tool/analysis/summary.h"
#include "tool/model/failure.h"
#include "tool/render/comparison_table.h"
#include "tool/render/html_report.h"
#include "tool/render/png.h"
#include "tool/render/quantity.h"
#include "tool/render/samples_csv.h"
#include "tool/render/svg_chart.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr std::size_t most_chart_steps = 1600;
constexpr std::size_t title_letters = 72;
constexpr std::size_t note_letters = 120;
constexpr std::size_t most_commands = 3;

ComparisonFigures figures_of(const Comparison& comparison) {
  ComparisonFigures figures;
  for (const ComparisonRow& row : comparison.rows) {
    auto& cells = figures.rows.emplace_back();
    for (std::size_t at = 0; at < quantities.size(); ++at)
      cells[at] = {spread_of(row, quantities[at]), ratio_to_baseline(comparison, row, quantities[at])};
  }
  return figures;
}

// A long path by its last part: where a file lay on the machine that recorded tells nothing, and often differs from run
// to run. /dev/null and the like stay whole.
std::string without_folders(const std::string& word) {
  const std::size_t start = word.starts_with('/') ? 0 : word.find("=/") + 1;  // 0 where there is no "=/"
  const std::size_t last = word.rfind('/');
  if (word[start] != '/' || last == start || std::count(word.begin(), word.end(), '/') < 3) return word;
  return word.substr(0, start) + ".../" + word.substr(last + 1);
}

std::string shown_command(const std::vector<std::string>& words, std::size_t most_letters) {
  if (words.empty()) return {};
  std::string text = words.front().substr(words.front().rfind('/') + 1);
  for (std::size_t at = 1; at < words.size(); ++at) text += " " + without_folders(words[at]);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.size() > most_letters ? text.substr(0, most_letters - 3) + "..." : text;
}

std::string default_title(const std::vector<Run>& runs) {
  std::set<std::string> commands;
  for (const Run& run : runs) commands.insert(shown_command(run.facts.command, title_letters));
  if (commands.size() == 1 && !commands.begin()->empty()) return *commands.begin();
  return "Memory over time";
}

// The small print: what ran where and when, and how often it was measured.
std::vector<std::string> notes_of(const std::vector<Run>& runs) {
  std::set<std::string> commands, hosts;
  std::string first, last;
  double dearest = 0;
  Seconds details{};
  bool cut = false;
  for (const Run& run : runs) {
    if (!run.facts.command.empty()) commands.insert(shown_command(run.facts.command, note_letters));
    hosts.insert(run.facts.kernel);
    first = first.empty() ? run.facts.started_at : std::min(first, run.facts.started_at);
    last = std::max(last, run.facts.started_at);
    if (!run.end)
      cut = true;
    else
      dearest = std::max(dearest, run.end->own_cpu_percent), details = std::max(details, run.end->detail_interval);
  }
  std::vector<std::string> notes;
  for (const std::string& command : commands)
    if (notes.size() < most_commands) notes.push_back("Command: " + command);
  if (commands.size() > most_commands) notes.push_back(fmt::format("and {} more", commands.size() - most_commands));
  std::string where = "Recorded " + (first == last ? first : first + " to " + last);
  for (const std::string& host : hosts) where += ", " + host;
  notes.push_back(where);
  notes.push_back(fmt::format("{} recordings, RSS every {}, PSS every {}; recording took at most {:.2f}% of a core",
                              runs.size(), show_seconds(runs.front().facts.interval), show_seconds(details), dearest));
  if (cut) notes.push_back("A recording has no end: its recorder was killed or is still at work.");
  return notes;
}

}  // namespace

void write_file(const std::string& path, const std::string& content) {
  if (path == "-") {
    fmt::print("{}", content);
    return;
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) throw Failure(fmt::format("cannot write '{}'", path));
}

void add_report_options(CommandLine& command, ReportOutput& output) {
  command.add_option("-o,--output", output.html, "The report: one HTML file").named("FILE");
  command.add_option("--svg", output.svg, "The chart as SVG").named("FILE");
  command.add_option("--png", output.png, "The chart as PNG (needs rsvg-convert)").named("FILE");
  command.add_option("--csv", output.csv, "Every sample").named("FILE");
  command.add_flag("--json", output.json, "-", "The table as JSON instead of text; --json=FILE beside it");
  command.add_option("--md", output.markdown, "The table as Markdown").named("FILE");
  command.add_option("--title", output.title, "Title of the report (default: the command)");
  command.add_option("--baseline", output.baseline, "Label that ratios refer to").named("NAME").shows_default();
}

void write_report(const std::vector<Run>& runs, const std::vector<std::pair<std::string, std::string>>& remarks,
                  const ReportOutput& output, bool json) {
  Comparison comparison = compare_runs(runs);
  comparison.title = output.title.empty() ? default_title(runs) : output.title;
  comparison.baseline = output.baseline;
  for (ComparisonRow& row : comparison.rows)
    for (const auto& [label, text] : remarks)
      if (label == row.label) row.remark = text;
  const ComparisonFigures figures = figures_of(comparison);
  Chart chart = draw_lines(runs, most_chart_steps);
  chart.title = comparison.title;
  chart.notes = notes_of(runs);

  if (!output.html.empty()) write_file(output.html, render_html(chart, comparison, figures));
  if (!output.svg.empty()) write_file(output.svg, render_svg(chart, comparison));
  if (!output.png.empty()) write_png(render_svg(chart, comparison), output.png);
  if (!output.csv.empty()) write_file(output.csv, render_csv(runs));
  const bool json_instead = json || output.json == "-";
  if (!output.json.empty() && output.json != "-") write_file(output.json, render_json(comparison, figures));
  if (!output.markdown.empty()) write_file(output.markdown, render_markdown(comparison, figures));
  if (json_instead)
    fmt::print("{}", render_json(comparison, figures));
  else
    fmt::print("{}", render_text(comparison, figures, wants_colour(STDOUT_FILENO)));
}

}  // namespace neap
