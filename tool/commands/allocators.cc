#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "tool/allocators/probe.h"
#include "tool/allocators/resolve.h"
#include "tool/commands/verbs.h"
#include "tool/model/json_text.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

nlohmann::json as_json(const AllocatorFacts& facts) {
  nlohmann::json row{{"name", facts.allocator.label}, {"installed", facts.installed},    {"loads", facts.loads},
                     {"version", facts.version},      {"path", facts.allocator.library}, {"about", facts.about}};
  for (const auto& [name, value] : facts.allocator.environment) row["environment"][name] = value;
  for (const std::string& pattern : facts.variables) row["variables"].push_back(pattern);
  if (!facts.installed) row["install"] = facts.install;
  return row;
}

std::string state(const AllocatorFacts& facts) {
  if (!facts.installed) return "not installed: " + facts.install;
  if (!facts.loads) return facts.allocator.library + " (does not load)";
  return facts.allocator.library;
}

void print_table(const std::vector<AllocatorFacts>& all, bool install_hints) {
  TextTable table(
      {{"ALLOCATOR", Align::left}, {"VERSION", Align::left}, {"WHAT IT IS", Align::left}, {"LIBRARY", Align::left}});
  for (const AllocatorFacts& facts : all) {
    if (!facts.installed && !install_hints)
      table.add({facts.allocator.label, "-", facts.about, "not installed"});
    else
      table.add({facts.allocator.label, facts.version.empty() ? "-" : facts.version, facts.about, state(facts)});
  }
  fmt::print("{}", table.text(false));
}

int list_allocators(const std::vector<std::string>& paths, bool install_hints, const Invocation& invocation) {
  std::vector<AllocatorFacts> all = known_allocators();
  for (const std::string& path : paths) {
    AllocatorFacts facts;
    facts.allocator = resolve_allocator(path);
    facts.installed = true;
    facts.about = "by path";
    all.push_back(std::move(facts));
  }
  for (AllocatorFacts& facts : all)
    if (facts.installed) probe_allocator(facts);
  if (!invocation.json) {
    print_table(all, install_hints);
    return 0;
  }
  nlohmann::json rows = nlohmann::json::array();
  for (const AllocatorFacts& facts : all) rows.push_back(as_json(facts));
  fmt::print("{}\n", json_text(rows, 2));
  return 0;
}

}  // namespace

VerbBody define_allocators(CommandLine& command, const Invocation& invocation) {
  auto paths = std::make_shared<std::vector<std::string>>();
  auto install = std::make_shared<bool>(false);
  command.add_option("PATH", *paths, "Further allocators: a .so by path, or NAME:key=value");
  command.add_flag("--install", *install, "Say how to get those that are missing");
  return [paths, install, &invocation] { return list_allocators(*paths, *install, invocation); };
}

}  // namespace neap
