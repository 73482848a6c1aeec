#include <fmt/core.h>

#include <memory>

#include "tool/commands/report_output.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/store/recording.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Recordings with the same label are runs of one line: the table gives their median, the chart their range.\n"
    "Every line begins at 0, the start of its recording, and all share one scale. Without -o only the table is "
    "printed.\n"
    "A file name of - means stdout. A recording that is still being written can be reported too.\n"
    "Example: neap report libc.neaprec neap.neaprec -o report.html";

int report(const std::vector<std::string>& paths, ReportOutput output, const Invocation& invocation) {
  output.inputs = paths;
  check_outputs(output);
  std::vector<Run> runs;
  for (const std::string& path : paths) runs.push_back(read_recording(path));
  write_report(runs, {}, output, invocation.json);
  if (!output.html.empty() && output.html != "-" && !invocation.quiet) tell(fmt::format("wrote {}", output.html));
  return 0;
}

}  // namespace

VerbBody define_report(CommandLine& command, const Invocation& invocation) {
  auto paths = std::make_shared<std::vector<std::string>>();
  auto output = std::make_shared<ReportOutput>();
  command.add_option("RECORDING", *paths, "Recordings of neap record").required();
  add_report_options(command, *output);
  command.footer(footer);
  return [paths, output, &invocation] { return report(*paths, *output, invocation); };
}

}  // namespace neap
