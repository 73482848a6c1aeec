#include "tool/service/drop_in.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tool/allocators/library_name.h"
#include "tool/inspect/elf.h"
#include "tool/model/failure.h"
#include "tool/systemd/specifiers.h"
#include "tool/systemd/unit_file.h"

namespace neap {
namespace {

constexpr const char* preload_variable = "LD_PRELOAD";

struct Planned {
  std::string name;
  std::string text;   // as the drop-in says it
  std::string value;  // as the process gets it, and an environment file says it
  bool is_exact = true;
  bool in_file = false;
};

std::string drop_in_text(const UnitFacts& unit, const Allocator& allocator, const std::vector<Planned>& all,
                         const std::string& environment_file) {
  std::string text = fmt::format("# {} runs on {}. Written by neap; to take it back: neap disable {}\n[Service]\n",
                                 unit.id, allocator.label, unit.id);
  bool file = false;
  for (const Planned& planned : all) {
    text += fmt::format("Environment={}\n", quoted_word(planned.name + "=" + planned.text));
    file = file || planned.in_file;
  }
  if (file) text += fmt::format("EnvironmentFile={}\n", without_specifiers(literal_backslashes(environment_file)));
  return text;
}

Planned place(const VariableOrigin& origin, const UnitFacts& unit, Planned planned) {
  if (!origin.beaten_by.empty())
    throw UsageFailure(fmt::format("{} sets {} after every drop-in of neap could; change it there: {}",
                                   origin.beaten_by, planned.name, planned.value));
  if (origin.needs_file && !planned.is_exact)
    throw UsageFailure(fmt::format("{} of {} holds a '%', which an environment file cannot say; set it in {} by hand",
                                   planned.name, unit.id, origin.place));
  planned.in_file = origin.needs_file;
  return planned;
}

std::vector<std::string> parts_of(const std::string& preload) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < preload.size();) {
    const std::size_t end = std::min(preload.find_first_of(": ", start), preload.size());
    if (end > start) parts.push_back(preload.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

bool is_allocator(const Root& root, const std::string& part) {
  if (row_of_library(part) != nullptr) return true;
  return part.starts_with('/') && find_exported(root.at(part), "malloc").has_value();
}

// The allocator's own libraries first, then what was there, without other allocators. Each as value and as text.
Planned merged(const Root& root, const VariableOrigin& origin, const Allocator& allocator) {
  const std::vector<std::string> values = parts_of(origin.value);
  std::vector<std::string> texts = parts_of(origin.text), kept_values, kept_texts;
  if (texts.size() != values.size()) texts = values;  // a specifier that expands to several
  for (const std::string& library : {allocator.checker, allocator.library})
    if (!library.empty()) kept_values.push_back(library), kept_texts.push_back(without_specifiers(library));
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (values[at] == allocator.library || is_allocator(root, values[at])) continue;
    kept_values.push_back(values[at]);
    kept_texts.push_back(texts[at]);
  }
  return {preload_variable, fmt::format("{}", fmt::join(kept_texts, ":")),
          fmt::format("{}", fmt::join(kept_values, ":")), origin.is_exact};
}

}  // namespace

DropInPlan plan_drop_in(const Root& root, const Scope& scope, const UnitFacts& unit,
                        const std::vector<std::string>& base, const Allocator& allocator) {
  DropInPlan plan;
  const std::string folder = fmt::format("{}/{}.d/", scope.units_folder, unit.id);
  plan.effective = folder + drop_in_name;
  std::vector<Planned> planned;

  const VariableOrigin preload = find_origin(root, unit, base, preload_variable);
  const Planned planned_preload = merged(root, preload, allocator);
  if (planned_preload.value != preload.value) {
    planned.push_back(place(preload, unit, planned_preload));
    if (!preload.value.empty())
      plan.notes.push_back(
          fmt::format("LD_PRELOAD={} of {} becomes {}", preload.value, preload.place, planned_preload.value));
  }
  plan.preload = planned_preload.value;
  plan.preload_is_exact = preload.is_exact;
  for (const auto& [name, value] : allocator.environment)
    planned.push_back(place(find_origin(root, unit, base, name), unit, {name, without_specifiers(value), value}));

  std::string file_text;
  for (const Planned& each : planned)
    if (each.in_file) file_text += environment_file_line({each.name, each.value});
  if (!file_text.empty()) plan.files.push_back({folder + environment_file_name, {}, {}, fresh_image(file_text)});
  plan.files.push_back(
      {plan.effective,
       {},
       {},
       fresh_image(scope.advice(drop_in_text(unit, allocator, planned, folder + environment_file_name)))});
  return plan;
}

}  // namespace neap
