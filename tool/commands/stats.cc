#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "format/telemetry_table.h"
#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

std::string show(const TelemetryFigure& figure, std::uint64_t value) {
  return figure.unit == FigureUnit::bytes ? show_bytes({value}) : fmt::format("{}", value);
}

int show_stats(const std::string& target, const Invocation& invocation) {
  const FoundProcess process = target_process(target, "stats");
  LiveProcess space(process.pid);
  const auto telemetry = telemetry_of(space);
  if (!telemetry)
    throw UsageFailure(
        fmt::format("process {} ({}) does not run on libneap: neap inspect {} reads its heap from outside", process.pid,
                    process.name, process.pid));
  if (invocation.json) {
    nlohmann::ordered_json json = {{"pid", process.pid}, {"library", telemetry->library}};
    for (const TelemetryFigure& figure : telemetry_table) json[figure.name] = figure.of(telemetry->values);
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return exit_success;
  }
  TextTable table({{"COUNTER", Align::left}, {"VALUE"}, {"", Align::left}});
  for (const TelemetryFigure& figure : telemetry_table)
    table.add({figure.name, show(figure, figure.of(telemetry->values)), figure.help});
  fmt::print("{}", table.text(false));
  return exit_success;
}

}  // namespace

VerbBody define_stats(CommandLine& command, const Invocation& invocation) {
  auto target = std::make_shared<std::string>();
  command.add_option("TARGET", *target, "Process number, program or systemd unit that runs on libneap");
  command.footer("The same counters, by the same names, as malloc_info() and neap_stats() give inside of the program.");
  return [target, &invocation] { return show_stats(*target, invocation); };
}

}  // namespace neap
