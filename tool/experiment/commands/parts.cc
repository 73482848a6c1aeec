#include "tool/experiment/commands/parts.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "tool/model/failure.h"
#include "tool/model/json_text.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr const char* extension = ".neapexp";

constexpr std::array parts = {
    Verb{"init", "Assign the instances of a service to allocators at random", define_experiment_init},
    Verb{"start", "Switch the instances to their allocators, step by step", define_experiment_start},
    Verb{"collect", "Read the memory of every instance once: for cron or a timer", define_experiment_collect},
    Verb{"report", "Compare the groups over days, with intervals and a chart", define_experiment_report},
    Verb{"import", "Make an experiment from CSV files that operators collect", define_experiment_import},
};

constexpr const char* footer =
    "An experiment on relays:\n\n"
    "  neap experiment init relays --units 'tor@*' --allocators libc,jemalloc,neap\n"
    "  neap experiment start relays --step 10\n"
    "  systemctl enable --now neap-experiment@relays.timer     (or from cron: neap experiment collect relays)\n"
    "  neap experiment report relays -o relays.html\n";

}  // namespace

VerbBody define_experiment(CommandLine& command, const Invocation& invocation) {
  command.footer(footer);
  return define_parts(parts, command, invocation);
}

std::shared_ptr<std::string> add_folder_option(CommandLine& command) {
  auto folder = std::make_shared<std::string>(experiments_folder);
  command.add_option("--folder", *folder, "Where experiments are kept").shows_default();
  return folder;
}

std::string experiment_path(const std::string& folder, const std::string& name) {
  if (name.find('/') != std::string::npos || name.ends_with(extension)) return name;
  if (name.empty() || name.front() == '.' || name.front() == '-')
    throw UsageFailure(fmt::format("'{}' is no name for an experiment; take letters and digits", name));
  return fmt::format("{}/{}{}", folder, name, extension);
}

void print_assignment(const Experiment& experiment, const Invocation& invocation) {
  if (invocation.json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Instance& instance : experiment.instances)
      rows.push_back(
          {{"instance", instance.name}, {"allocator", instance.group}, {"switched", instance.switched_at.has_value()}});
    fmt::print("{}\n",
               json_text(nlohmann::json{{"name", experiment.name}, {"seed", experiment.seed}, {"instances", rows}}, 2));
    return;
  }
  TextTable table({{"INSTANCE", Align::left}, {"ALLOCATOR", Align::left}, {"SWITCHED", Align::left}});
  for (const Instance& instance : experiment.instances)
    table.add({instance.name, instance.group, instance.switched_at ? show_moment(*instance.switched_at) : "not yet"});
  fmt::print("{}", table.text(false));
}

}  // namespace neap
