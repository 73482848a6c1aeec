#include "tool/commands/profile_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tool/model/failure.h"
#include "tool/profile/debug_package.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr std::size_t most_hints = 3;

bool is_pinned(const ProfileValue& value) { return value.value == pinned_value.value; }

std::string mib(double bytes) { return fmt::format("{:.2f}", bytes / (1 << 20)); }

std::string joined(const std::vector<std::string>& frames) {
  std::string text;
  for (const std::string& frame : frames) text += (text.empty() ? "" : " < ") + frame;
  return text;
}

void print_table(const std::vector<Site>& sites, const ProfileValue& value, const ProfileOutput& output) {
  std::vector<TextColumn> columns;
  if (is_pinned(value)) columns = {{"PINNED MIB"}, {"+-"}};
  if (value.value == made_value.value) columns = {{"MADE MIB"}};
  for (const char* title : {"LIVE MIB", "OBJECTS", "SAMPLES"}) columns.push_back({title});
  columns.push_back({"CALL SITE", Align::left});
  TextTable table(std::move(columns));
  for (std::size_t i = 0; i < std::min(sites.size(), static_cast<std::size_t>(output.rows)); ++i) {
    const Site& site = sites[i];
    std::vector<TextCell> cells;
    if (is_pinned(value)) cells = {mib(site.pinned), mib(site.error())};
    if (value.value == made_value.value) cells = {mib(site.made)};
    cells.insert(cells.end(), {mib(site.live), fmt::format("{:.0f}", site.objects), fmt::format("{}", site.samples),
                               joined(site.frames)});
    table.add(std::move(cells));
  }
  fmt::print("{}", table.text(false));
}

void print_json(const Sites& sites, const std::vector<Site>& sorted, const ProfileOutput& output) {
  nlohmann::ordered_json json = {{"live_bytes", sites.live},
                                 {"objects", sites.objects},
                                 {"pinned_bytes", sites.pinned},
                                 {"pinned_bytes_exact", sites.exact_pinned},
                                 {"sites", nlohmann::ordered_json::array()}};
  for (std::size_t i = 0; i < std::min(sorted.size(), static_cast<std::size_t>(output.rows)); ++i)
    json["sites"].push_back({{"frames", sorted[i].frames},
                             {"live_bytes", sorted[i].live},
                             {"objects", sorted[i].objects},
                             {"made_bytes", sorted[i].made},
                             {"pinned_bytes", sorted[i].pinned},
                             {"pinned_error_bytes", sorted[i].error()},
                             {"samples", sorted[i].samples}});
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

const ProfileFormat* format_of(const std::string& path) {
  const auto* const found = std::find_if(std::begin(profile_formats), std::end(profile_formats),
                                         [&](auto& format) { return path.ends_with(format.ending); });
  return found == std::end(profile_formats) ? nullptr : found;
}

void write_file(const Sites& sites, const ProfileValue& value, const std::string& program, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << format_of(path)->text(sites, value, program);
  file.close();
  if (!file) throw Failure(fmt::format("cannot write '{}'", path));
}

void tell_nameless(const Symbols& symbols) {
  std::size_t hints = 0;
  for (const std::string& file : symbols.nameless()) {
    if (++hints > most_hints) return;
    const std::string package = debug_package_of(file);
    fmt::print(stderr, "neap: names are missing in {}{}\n", file,
               package.empty() ? "" : ": " + package + " brings them");
  }
}

}  // namespace

void add_output_options(CommandLine& command, ProfileOutput& output) {
  command
      .add_option(
          "-o,--output", output.file,
          "A flame graph (.html), folded stacks (.folded), a profile for go tool pprof (.pb) or google-pprof (.heap)")
      .named("FILE");
  command.add_option("--frames", output.frames, "Frames that make a call site in the table")
      .shows_default()
      .within(1, 64);
  command.add_option("--rows", output.rows, "Call sites in the table").shows_default().within(1, 10000);
}

void check_output(const ProfileOutput& output) {
  if (!output.file.empty() && format_of(output.file) == nullptr)
    throw UsageFailure(fmt::format("-o takes a file that ends in .html, .folded, .pb or .heap, not '{}'", output.file));
}

void print_sites(const Sites& sites, const ProfileValue& value, const Symbols& symbols, const std::string& program,
                 const ProfileOutput& output, const Invocation& invocation) {
  const std::vector<Site> sorted = by_innermost(sites, static_cast<std::size_t>(output.frames), value.value);
  invocation.json ? print_json(sites, sorted, output) : print_table(sorted, value, output);
  if (!output.file.empty()) write_file(sites, value, program, output.file);
  if (!invocation.quiet) tell_nameless(symbols);
}

}  // namespace neap
