#include "tool/report/report_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>

#include "tool/analysis/chart_lines.h"
#include "tool/analysis/condition.h"
#include "tool/analysis/judgement.h"
#include "tool/analysis/reduction.h"
#include "tool/analysis/summary.h"
#include "tool/analysis/totals.h"
#include "tool/files/target.h"
#include "tool/model/failure.h"
#include "tool/model/stretched.h"
#include "tool/model/text.h"
#include "tool/render/comparison_table.h"
#include "tool/render/html_report.h"
#include "tool/render/png.h"
#include "tool/render/quantity.h"
#include "tool/render/samples_csv.h"
#include "tool/render/svg_chart.h"
#include "tool/render/text_table.h"
#include "tool/render/verdict_sentence.h"

namespace neap {
namespace {

constexpr std::size_t most_chart_steps = 1600;
constexpr std::size_t title_letters = 72;
constexpr std::size_t note_letters = 120;
constexpr std::size_t most_commands = 3;

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
  std::replace(text.begin(), text.end(), '\n', ' ');  // a script given as an argument
  return cut_to(printable(text), most_letters);
}

std::string default_title(const std::vector<Run>& runs) {
  std::set<std::string> commands;
  for (const Run& run : runs) commands.insert(shown_command(run.facts.command, title_letters));
  if (commands.size() == 1 && !commands.begin()->empty()) return *commands.begin();
  return "Memory over time";
}

// How often samples were taken, and whether the budget forbade the wanted interval.
std::string how_often(const std::vector<Run>& runs, Seconds details, double dearest) {
  const Seconds wanted = runs.front().facts.interval;
  std::string text = fmt::format("{} recording{}", runs.size(), runs.size() == 1 ? "" : "s");
  if (wanted.count <= 0) return text + ", memory at evenly spaced events of the trace";
  Seconds rarest = wanted;
  bool by_budget = false;
  for (const Run& run : runs) {
    if (!is_stretched(run)) continue;
    rarest = std::max(rarest, run.end->sample_interval);
    by_budget = by_budget || !was_busy(*run.end);
  }
  text += fmt::format(", RSS every {}", show_seconds(rarest));
  if (rarest > wanted)
    text += fmt::format(" instead of {}, as {} allowed", show_seconds(wanted),
                        by_budget ? "the budget for so many processes" : "a busy machine");
  if (details.count > 0) text += fmt::format(", PSS every {}", show_seconds(details));
  return text + fmt::format("; recording took at most {:.2f}% of a core", dearest);
}

// What a reader has to know of how it was measured, and can do about it.
std::vector<std::string> hints_on(const std::vector<Run>& runs, const Comparison& comparison) {
  std::vector<std::string> hints = outliers_of(comparison);
  std::set<std::string> seen;
  for (const Run& run : runs) {
    if (sum_over_processes(run).empty() && seen.insert(run.facts.label).second)
      hints.push_back(fmt::format(
          "{} ended too soon for a sample: the kernel's own peak, CPU and time are all there is", run.facts.label));
    if (is_stretched(run) && seen.insert(run.facts.label).second)
      hints.push_back(fmt::format(
          "{} was looked at every {} instead of every {}: {}", run.facts.label, show_seconds(run.end->sample_interval),
          show_seconds(run.facts.interval),
          was_busy(*run.end)
              ? std::string("the machine was busy with other work")
              : fmt::format("{} processes cost more than the budget; see --budget", run.end->most_processes)));
  }
  return hints;
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
      dearest = std::max(dearest, is_short(run) ? 0 : run.end->own_cpu_percent),
      details = std::max(details, run.end->detail_interval);
  }
  std::vector<std::string> notes;
  for (const std::string& command : commands)
    if (notes.size() < most_commands) notes.push_back("Command: " + command);
  if (commands.size() > most_commands) notes.push_back(fmt::format("and {} more", commands.size() - most_commands));
  std::string where = "Recorded " + (first == last ? first : first + " to " + last);
  for (const std::string& host : hosts) where += ", " + host;
  notes.push_back(where);
  notes.push_back(how_often(runs, details, dearest));
  if (cut) notes.push_back("A recording has no end: its recorder was killed or is still at work.");
  return notes;
}

}  // namespace

std::vector<std::string> ReportOutput::files() const {
  std::vector<std::string> all;
  for (const std::string* path : {&html, &svg, &png, &csv, &json, &markdown})
    if (!path->empty()) all.push_back(*path);
  return all;
}

bool ReportOutput::takes_stdout() const { return html == "-" || svg == "-" || csv == "-" || markdown == "-"; }

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

void add_condition_option(CommandLine& command, ReportOutput& output) {
  command
      .add_option("--fail-if", output.fail_if,
                  "End with exit code 1 if this holds, as 'neap.mean_rss > 1.05*libc.mean_rss' (repeatable)")
      .named("CONDITION")
      .one_at_a_time();
}

void check_outputs(const ReportOutput& output, const std::vector<std::string>& labels) {
  for (const std::string& text : output.fail_if) check_labels(parse_condition(text), labels);
  std::set<std::string> seen;
  for (const std::string& path : output.files()) {
    if (!seen.insert(path).second) throw UsageFailure(fmt::format("'{}' is named for two outputs", path));
    if (path != "-") check_target(path, {FileKind::other, output.inputs});
  }
  if (output.png == "-") throw UsageFailure("a PNG does not go to standard output; give --png a file name");
  if (!output.png.empty()) require_png_converter();
}

void write_forms(const ReportForms& forms, const ReportOutput& output, bool json_instead) {
  if (json_instead || output.json == "-")
    fmt::print("{}", forms.json());
  else if (!output.takes_stdout())
    fmt::print("{}", forms.text());
  std::fflush(stdout);
  std::optional<Failure> last;
  const auto attempt = [&](const std::string& path, const auto& write) {
    if (path.empty()) return;
    try {
      write();
    } catch (const Failure& failure) {
      if (last) tell(last->what());
      last = failure;
    }
  };
  const auto to_file = [&](const std::string& path, const std::function<std::string()>& form) {
    attempt(path, [&] { write_file(path, form(), {FileKind::other, output.inputs}); });
  };
  to_file(output.html, forms.html);
  to_file(output.svg, forms.svg);
  attempt(output.png, [&] {
    NewFile file(output.png, {FileKind::other, output.inputs});
    write_png(forms.svg(), file.unfinished());
    file.publish();
  });
  to_file(output.csv, forms.csv);
  to_file(output.json == "-" ? std::string() : output.json, forms.json);
  to_file(output.markdown, forms.markdown);
  if (last) throw Failure(*last);
}

int write_report(const std::vector<Run>& runs, const std::vector<std::pair<std::string, std::string>>& remarks,
                 const ReportOutput& output, bool json) {
  Comparison comparison = compare_runs(runs);
  comparison.title = output.title.empty() ? default_title(runs) : output.title;
  comparison.baseline = output.baseline;
  for (ComparisonRow& row : comparison.rows)
    for (const auto& [label, text] : remarks)
      if (label == row.label) row.remarks.push_back(text);
  const ComparisonFigures figures = figures_of(comparison);
  const ComparisonReport report{comparison, figures, show_verdict(judge(comparison, figures)),
                                hints_on(runs, comparison)};
  Chart chart = draw_lines(runs, most_chart_steps);
  chart.title = comparison.title;
  chart.notes = notes_of(runs);

  ReportForms forms;
  forms.text = [&] { return render_text(report, wants_colour(STDOUT_FILENO)); };
  forms.json = [&] { return render_json(report); };
  forms.html = [&] { return render_html(chart, report); };
  forms.svg = [&] { return render_svg(chart, report); };
  forms.csv = [&] { return render_csv(runs); };
  forms.markdown = [&] { return render_markdown(report); };
  write_forms(forms, output, json);
  int code = exit_success;
  for (const std::string& text : output.fail_if) {
    const std::string sentence = when_it_holds(parse_condition(text), comparison, figures);
    if (sentence.empty()) continue;
    tell(sentence);
    code = exit_condition_holds;
  }
  return code;
}

}  // namespace neap
