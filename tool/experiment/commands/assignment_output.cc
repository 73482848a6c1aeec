#include "tool/experiment/commands/assignment_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tool/model/json_text.h"
#include "tool/render/text_table.h"

namespace neap {

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
