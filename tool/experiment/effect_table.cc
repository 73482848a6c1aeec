#include "tool/experiment/effect_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tool/render/text_table.h"

namespace neap {
namespace {

std::string show_chance(double chance) { return chance < 0.001 ? "<0.001" : fmt::format("{:.3f}", chance); }

TextTable effect_table(const HostComparison& comparison, const std::string& baseline) {
  const double level = comparison.effects.empty() ? 0.95 : comparison.effects.front().level;
  TextTable table({{fmt::format("AGAINST {}", baseline), Align::left},
                   {"OF", Align::left},
                   {"x"},
                   {fmt::format("{:.4g}%", 100 * level)},
                   {"CHANCE"},
                   {"HOSTS"},
                   {"INSTANCES"}});
  for (const Effect& effect : comparison.effects)
    table.add({effect.group, effect.quantity + (effect.adjusted ? " (adjusted)" : ""),
               fmt::format("{:.3f}", effect.ratio),
               fmt::format("{:.3f} to {:.3f}", effect.interval.low, effect.interval.high),
               effect.chance ? show_chance(*effect.chance) : "-", std::to_string(effect.hosts),
               std::to_string(effect.instances)});
  for (const EventCount& count : comparison.events)
    table.add({count.group, count.quantity, fmt::format("{:.0f} : {:.0f}", count.events, count.baseline_events), "-",
               show_chance(count.chance), "-", "-"});
  return table;
}

std::string notes_of(const HostComparison& comparison) {
  std::string text =
      "x: geometric mean of the ratios within hosts, its interval over hosts (Student's t, bootstrap-t from 20 on).\n"
      "CHANCE: how often shuffling the groups within hosts gives as much; of events, how often as many or more.\n";
  if (std::any_of(comparison.effects.begin(), comparison.effects.end(),
                  [](const Effect& each) { return each.adjusted; }))
    text += "adjusted: for each instance's memory before its switch.\n";
  if (comparison.looks > 1)
    text += fmt::format("Look {} of {}: its interval is as wide as all {} together need to hold 95%.\n",
                        comparison.look, comparison.looks, comparison.looks);
  return text;
}

}  // namespace

std::string render_effects(const HostComparison& comparison, const std::string& baseline, bool colour) {
  return effect_table(comparison, baseline).text(colour) + "\n" + notes_of(comparison);
}

std::string render_effects_markdown(const HostComparison& comparison, const std::string& baseline) {
  return effect_table(comparison, baseline).markdown() + "\n" + notes_of(comparison);
}

nlohmann::json effects_as_json(const HostComparison& comparison) {
  nlohmann::json json{{"look", comparison.look},
                      {"looks", comparison.looks},
                      {"effects", nlohmann::json::array()},
                      {"events", nlohmann::json::array()}};
  for (const Effect& effect : comparison.effects)
    json["effects"].push_back({{"group", effect.group},
                               {"quantity", effect.quantity},
                               {"ratio", effect.ratio},
                               {"low", effect.interval.low},
                               {"high", effect.interval.high},
                               {"level", effect.level},
                               {"chance", effect.chance.value_or(1)},
                               {"hosts", effect.hosts},
                               {"instances", effect.instances},
                               {"adjusted", effect.adjusted}});
  for (const EventCount& count : comparison.events)
    json["events"].push_back({{"group", count.group},
                              {"quantity", count.quantity},
                              {"events", count.events},
                              {"baseline_events", count.baseline_events},
                              {"chance", count.chance}});
  return json;
}

}  // namespace neap
