#include "tool/service/drop_in.h"

#include <fmt/format.h>

#include "tool/allocators/environment.h"
#include "tool/model/failure.h"
#include "tool/systemd/unit_file.h"

namespace neap {
namespace {

constexpr const char* preload_variable = "LD_PRELOAD";

// `%` starts a specifier in unit files. What was read from one has its own already.
std::string without_specifiers(std::string text) {
  for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 2)) text.insert(at, "%");
  return text;
}

struct Planned {
  Variable variable;
  bool in_file = false;
};

std::string drop_in_text(const UnitFacts& unit, const Allocator& allocator, const std::vector<Planned>& all,
                         const std::string& environment_file) {
  std::string text = fmt::format("# {} runs on {}. Written by neap; to take it back: neap disable {}\n[Service]\n",
                                 unit.id, allocator.label, unit.id);
  bool file = false;
  for (const Planned& planned : all) {
    text += fmt::format("Environment={}\n", quoted_word(planned.variable.first + "=" + planned.variable.second));
    file = file || planned.in_file;
  }
  if (file) text += fmt::format("EnvironmentFile={}\n", without_specifiers(environment_file));
  return text;
}

Planned place(const VariableOrigin& origin, const UnitFacts& unit, Variable variable) {
  if (!origin.beaten_by.empty())
    throw UsageFailure(fmt::format("{} sets {} after every drop-in of neap could; change it there: {}",
                                   origin.beaten_by, variable.first, variable.second));
  if (origin.needs_file && variable.second.find('%') != std::string::npos)
    throw UsageFailure(fmt::format("{} of {} holds a '%', which an environment file cannot say; set it in {} by hand",
                                   variable.first, unit.id, origin.place));
  return {std::move(variable), origin.needs_file};
}

}  // namespace

DropInPlan plan_drop_in(const Root& root, const UnitFacts& unit, const std::vector<std::string>& base,
                        const Allocator& allocator) {
  DropInPlan plan;
  const std::string folder = fmt::format("/etc/systemd/system/{}.d/", unit.id);
  plan.effective = folder + drop_in_name;
  std::vector<Planned> planned;

  const VariableOrigin preload = find_origin(root, unit, base, preload_variable);
  std::vector<std::string> ours;
  if (!allocator.library.empty()) ours.push_back(without_specifiers(allocator.library));
  const std::string merged = merge_preload(ours, preload.value);
  if (merged != preload.value) {
    planned.push_back(place(preload, unit, {preload_variable, merged}));
    if (!preload.value.empty())
      plan.notes.push_back(fmt::format("LD_PRELOAD={} of {} becomes {}", preload.value, preload.place, merged));
  }
  plan.preload = merged;
  for (const auto& [name, value] : allocator.environment)
    planned.push_back(place(find_origin(root, unit, base, name), unit, {name, without_specifiers(value)}));

  std::string file_text;
  for (const Planned& each : planned)
    if (each.in_file) file_text += environment_file_line(each.variable);
  if (!file_text.empty()) plan.files.push_back({folder + environment_file_name, {}, {}, fresh_image(file_text)});
  plan.files.push_back(
      {plan.effective, {}, {}, fresh_image(drop_in_text(unit, allocator, planned, folder + environment_file_name))});
  return plan;
}

}  // namespace neap
