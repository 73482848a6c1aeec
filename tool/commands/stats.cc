#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/model/telemetry_fields.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

std::string show(const TelemetryField& field, std::uint64_t value) {
  return field.unit == TelemetryUnit::bytes ? show_bytes({value}) : fmt::format("{}", value);
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
    for (const TelemetryField& field : telemetry_fields) json[field.name] = field.get(telemetry->values);
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return exit_success;
  }
  TextTable table({{"COUNTER", Align::left}, {"VALUE"}, {"", Align::left}});
  for (const TelemetryField& field : telemetry_fields)
    table.add({field.name, show(field, field.get(telemetry->values)), field.help});
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
