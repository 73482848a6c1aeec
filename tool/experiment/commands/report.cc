#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/experiment/commands/prometheus.h"
#include "tool/experiment/experiment_figures.h"
#include "tool/experiment/experiment_file.h"
#include "tool/experiment/experiment_table.h"
#include "tool/experiment/instance_means.h"
#include "tool/model/failure.h"
#include "tool/render/html_report.h"
#include "tool/render/svg_chart.h"
#include "tool/render/text_table.h"
#include "tool/report/report_output.h"

namespace neap {
namespace {

constexpr const char* footer =
    "The instance is the unit of randomisation: its readings of a day are averaged first, then instances are\n"
    "compared. Intervals come from a bootstrap over instances with a fixed seed; ratios are those of the last\n"
    "readings. NAME may be a file. Without --from the report begins when the last instance was switched.\n"
    "\n"
    "Over several hosts: --prometheus reads what neap metrics said on each, and the groups are compared within\n"
    "hosts. Who looks while it runs says so: --look 2/5, the second of five looks planned, and pays with a wider\n"
    "interval.";

constexpr std::size_t most_looks = 1000;

struct ReportOptions {
  std::string name, from, until, prometheus, look = "1/1";
  ReportOutput output;
};

Look look_of(const std::string& text) {
  Look look;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%zu/%zu%c", &look.number, &look.planned, &rest) != 2 || look.number < 1 ||
      look.number > look.planned || look.planned > most_looks)
    throw UsageFailure(fmt::format("--look takes which of how many planned, such as 2/5, not '{}'", text));
  return look;
}

std::optional<Moment> moment_of(const std::string& text, const char* option) {
  if (text.empty()) return std::nullopt;
  const auto moment = parse_moment(text);
  if (!moment)
    throw UsageFailure(fmt::format("{} takes a time such as 2026-01-05T02:00 (UTC), not '{}'", option, text));
  return moment;
}

Bytes whole_bytes(double value) { return {static_cast<std::uint64_t>(std::max(0.0, value))}; }

// The charts' names and panels are written from summaries: one for each group, of its means.
Comparison comparison_of(const ExperimentFigures& figures) {
  Comparison comparison;
  comparison.title = figures.title;
  comparison.baseline = figures.baseline;
  comparison.about.clear();
  for (const std::string& note : notes_of(figures)) comparison.about += note + " ";
  for (const GroupFigures& group : figures.groups) {
    if (!group.whole) continue;
    Summary summary;
    summary.mean_rss = whole_bytes(group.whole->mean);
    summary.end_rss = whole_bytes(group.last ? group.last->mean : 0);
    summary.peak_rss = whole_bytes(group.highest);
    comparison.rows.push_back({group.label, {summary}, {}});
    if (!group.remark.empty()) comparison.rows.back().remarks.push_back(group.remark);
  }
  return comparison;
}

Spread spread_of_estimate(const Estimate& estimate) {
  const Interval interval = estimate.interval.value_or(Interval{estimate.mean, estimate.mean});
  return {estimate.mean, interval.low, interval.high};
}

ComparisonFigures table_of(const ExperimentFigures& figures) {
  ComparisonFigures table;
  for (const GroupFigures& group : figures.groups) {
    if (!group.whole) continue;
    auto& cells = table.rows.emplace_back();
    for (std::size_t at = 0; at < quantities.size(); ++at) {
      const std::string_view name = quantities[at].name;
      if (name == "mean_rss") cells[at].spread = spread_of_estimate(*group.whole);
      if (name == "peak_rss") cells[at].spread = Spread{group.highest, group.highest, group.highest};
      if (name == "end_rss" && group.last) {
        cells[at].spread = spread_of_estimate(*group.last);
        if (group.ratio) cells[at].ratio = group.ratio->mean;
      }
    }
  }
  mark_best(table);
  return table;
}

ReportForms forms_of(const Experiment& experiment, const ExperimentFigures& figures) {
  const auto chart = [&] {
    Chart made = chart_of(experiment, figures);
    made.notes = notes_of(figures);
    return made;
  };
  ReportForms forms;
  forms.text = [&] { return render_text(figures, wants_colour(STDOUT_FILENO)); };
  forms.json = [&] { return render_json(figures); };
  const auto drawn = [&, chart](const auto& render) {
    const Comparison comparison = comparison_of(figures);
    const ComparisonFigures table = table_of(figures);
    return render(chart(), ComparisonReport{comparison, table, verdict_on(figures), {}});
  };
  forms.html = [drawn] { return drawn(render_html); };
  forms.svg = [drawn] { return drawn(render_svg); };
  forms.csv = [&] { return render_csv(experiment); };
  forms.markdown = [&] { return render_markdown(figures); };
  return forms;
}

// --from says how far back Prometheus is asked, for the memory before the switches. Only later figures are compared.
Window after_switches(Window window, const Experiment& experiment, bool asks) {
  if (!asks) return window;
  for (const Instance& instance : experiment.instances)
    if (instance.switched_at)
      window.from = std::max(window.from.value_or(*instance.switched_at), *instance.switched_at);
  return window;
}

HostComparison compare_hosts(const Experiment& experiment, const ExperimentFigures& figures, const Look& look) {
  HostComparison comparison;
  comparison.look = look.number, comparison.looks = look.planned;
  comparison.effects = effects_on("memory", memory_outcomes(experiment, figures.from, figures.until), experiment,
                                  figures.baseline, look);
  return comparison;
}

int report(const ReportOptions& options, const std::string& folder, const Invocation& invocation) {
  const Window window{moment_of(options.from, "--from"), moment_of(options.until, "--until")};
  const Look look = look_of(options.look);
  const PrometheusSource source{options.prometheus, options.name, window.from, window.until};
  const bool asks = !options.prometheus.empty();
  const std::string path = experiment_path(folder, options.name);
  ReportOutput output = options.output;
  if (!asks) output.inputs = {path};
  check_outputs(output);
  const Experiment experiment = asks ? experiment_from_prometheus(source) : read_experiment(path);
  ExperimentFigures figures = figures_of(experiment, after_switches(window, experiment, asks), output.baseline);
  if (asks)
    figures.within_hosts = compare_by_prometheus(source, experiment, figures, look);
  else if (spans_hosts(experiment))
    figures.within_hosts = compare_hosts(experiment, figures, look);
  if (!output.title.empty()) figures.title = output.title;
  write_forms(forms_of(experiment, figures), output, invocation.json);
  return 0;
}

}  // namespace

VerbBody define_experiment_report(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<ReportOptions>();
  command.add_option("NAME", options->name, "An experiment, by name or file").required();
  command.add_option("--from", options->from, "Only readings from this time on (UTC)");
  command.add_option("--until", options->until, "Only readings up to this time (UTC)");
  command.add_option("--prometheus", options->prometheus, "Read the experiment from this Prometheus").named("URL");
  command.add_option("--look", options->look, "Which of how many planned looks this is: N/M").named("N/M");
  add_report_options(command, options->output);
  auto folder = add_folder_option(command);
  command.footer(footer);
  return [options, folder, &invocation] { return report(*options, *folder, invocation); };
}

}  // namespace neap
