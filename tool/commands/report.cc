#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "tool/analysis/section.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/report/report_output.h"
#include "tool/store/recording.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Recordings with the same label are runs of one line: the table gives their median, the chart their range.\n"
    "Every line begins at 0, the start of its recording, and all share one scale. Without -o only the table is\n"
    "printed. A file name of - means stdout. A recording that is still being written can be reported too.\n"
    "Example: neap report libc.neaprec neap.neaprec -o report.html";

struct ReportOptions {
  std::vector<std::string> paths;
  std::string from, until;
  ReportOutput output;
};

std::optional<Bound> bound_of(const std::string& text, const char* option) {
  if (text.empty()) return std::nullopt;
  const auto bound = parse_bound(text);
  if (!bound)
    throw UsageFailure(
        fmt::format("{} takes a time such as 90, 5min, 50% or 2026-01-05T02:00 (UTC), not '{}'", option, text));
  return bound;
}

int report(const ReportOptions& options, const Invocation& invocation) {
  const std::vector<std::string>& paths = options.paths;
  ReportOutput output = options.output;
  const Stretch stretch{bound_of(options.from, "--from"), bound_of(options.until, "--until")};
  output.inputs = paths;
  std::vector<Run> runs;
  for (const std::string& path : paths) runs.push_back(stretch_of(read_recording(path), stretch));
  std::vector<std::string> labels;
  for (const Run& run : runs)
    if (std::find(labels.begin(), labels.end(), run.facts.label) == labels.end()) labels.push_back(run.facts.label);
  check_outputs(output, labels);
  const int code = write_report(runs, {}, output, invocation.json);
  if (!output.html.empty() && output.html != "-" && !invocation.quiet) tell(fmt::format("wrote {}", output.html));
  return code;
}

}  // namespace

VerbBody define_report(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<ReportOptions>();
  command.add_option("RECORDING", options->paths, "Recordings of neap record").required();
  command.add_option("--from", options->from, "Only from there on: seconds, 5min, 50%, or a time (UTC)").named("TIME");
  command.add_option("--until", options->until, "Only up to there").named("TIME");
  add_report_options(command, options->output);
  add_condition_option(command, options->output);
  command.footer(footer);
  return [options, &invocation] { return report(*options, invocation); };
}

}  // namespace neap
