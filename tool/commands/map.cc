#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <thread>

#include "tool/commands/duration_option.h"
#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/picture/heap_map.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Squares in order of addresses, arena by arena: red ones are kept by a few objects, orange ones are free and\n"
    "resident.\n"
    "Examples:\n"
    "  neap map mariadbd -o heap.html\n"
    "  neap map mariadbd --after 10m -o heap.svg    two pictures side by side, ten minutes apart";

struct MapOptions {
  std::string target, output = "heap.html", after;
};

Look look_now(const FoundProcess& process) {
  LiveProcess space(process.pid);
  return look_at(space, process.pid, process.name);
}

std::string as_page(const std::string& svg) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>neap map</title>"
         "<meta name=\"color-scheme\" content=\"light "
         "dark\"><style>body{margin:0}svg{max-width:100%;height:auto}</style></head>"
         "<body>\n" +
         svg + "</body></html>\n";
}

int draw_map(const MapOptions& options, const Invocation& invocation) {
  const bool page = options.output.ends_with(".html");
  if (!page && !options.output.ends_with(".svg"))
    throw UsageFailure(fmt::format("-o takes a file that ends in .svg or .html, not '{}'", options.output));
  const Seconds between = options.after.empty() ? Seconds{} : parse_duration(options.after, "--after");
  const FoundProcess process = target_process(options.target, "map");
  std::vector<NamedLook> looks{{options.after.empty() ? "" : "before", look_now(process)}};
  if (looks[0].look.heaps.empty())
    throw Failure(fmt::format("process {} ({}) has no heap that neap can read: neap inspect {} tells what it has",
                              process.pid, process.name, process.pid));
  if (!options.after.empty()) {
    std::this_thread::sleep_for(std::chrono::duration<double>(between.count));
    looks.push_back({options.after + " later", look_now(process)});
  }
  const std::string svg = heap_map_svg(looks);
  std::ofstream file(options.output, std::ios::binary);
  file << (page ? as_page(svg) : svg);
  file.close();
  if (!file) throw Failure(fmt::format("cannot write '{}'", options.output));
  if (!invocation.quiet) fmt::print("{}\n", options.output);
  return exit_success;
}

}  // namespace

VerbBody define_map(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<MapOptions>();
  command.add_option("TARGET", options->target, "Process number, program or systemd unit");
  command.add_option("-o,--output", options->output, "The picture: .svg or .html").named("FILE").shows_default();
  command.add_option("--after", options->after, "A second picture that much later, beside the first").named("TIME");
  command.footer(footer);
  return [options, &invocation] { return draw_map(*options, invocation); };
}

}  // namespace neap
