#include <fmt/core.h>

#include <memory>

#include "tool/allocators/resolve.h"
#include "tool/commands/host_metrics.h"
#include "tool/commands/verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/metrics/exposition.h"
#include "tool/metrics/families.h"
#include "tool/metrics/textfile.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* footer =
    "As root, for node_exporter's textfile collector; the timer does it once a minute:\n\n"
    "  neap metrics -o /var/lib/prometheus/node-exporter/neap.prom\n"
    "  systemctl enable --now neap-metrics.timer     (options: NEAP_METRICS_OPTIONS in /etc/default/neap-metrics)\n\n"
    "Each service has series of its own, instances of a template too. No port is opened.";

struct MetricsOptions {
  std::string output, folder = experiments_folder;
  MetricsScope scope;
  bool openmetrics = false;
};

int write_metrics(const MetricsOptions& options, const Invocation& invocation) {
  const Workplace workplace = open_workplace(Needs::systemd, invocation);
  MetricsScope scope = options.scope;
  scope.patterns = split_list(scope.patterns);
  const HostMetrics host = read_host_metrics(workplace, scope, options.folder);
  const std::string text =
      render_metrics(families_of(host), options.openmetrics ? Exposition::openmetrics : Exposition::prometheus);
  if (options.output.empty() || options.output == "-")
    fmt::print("{}", text);
  else
    write_textfile(options.output, text);
  return exit_success;
}

}  // namespace

VerbBody define_metrics(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<MetricsOptions>();
  command.add_option("-o,--output", options->output, "Write it here, by a rename; otherwise to standard output")
      .named("FILE");
  command.add_flag("--openmetrics", options->openmetrics, "OpenMetrics 1.0 instead of Prometheus' own text format");
  command
      .add_option("--units", options->scope.patterns,
                  "Further services, on whatever allocator: names or patterns, separated by commas")
      .one_at_a_time();
  command.add_flag("--all", options->scope.all, "Every running service");
  command.add_option("--folder", options->folder, "Where experiments are kept").shows_default();
  command.footer(footer);
  return [options, &invocation] { return write_metrics(*options, invocation); };
}

}  // namespace neap
