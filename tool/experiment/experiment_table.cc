#include "tool/experiment/experiment_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tool/experiment/effect_table.h"
#include "tool/model/json_text.h"
#include "tool/model/statistics.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr std::int64_t day = 24 * 60 * 60;

std::string mib(double bytes) { return show_mib({static_cast<std::uint64_t>(std::max(0.0, bytes))}); }

std::string show_mean(const std::optional<Estimate>& estimate) { return estimate ? mib(estimate->mean) : "-"; }

std::string show_interval(const std::optional<Estimate>& estimate) {
  if (!estimate || !estimate->interval) return "-";
  return fmt::format("{} to {}", mib(estimate->interval->low), mib(estimate->interval->high));
}

std::string show_ratio(const std::optional<Estimate>& ratio) {
  return ratio ? fmt::format("{:.2f}", ratio->mean) : "-";
}

std::string show_ratio_interval(const std::optional<Estimate>& ratio) {
  if (!ratio || !ratio->interval) return "-";
  return fmt::format("{:.2f} to {:.2f}", ratio->interval->low, ratio->interval->high);
}

TextCell mean_cell(const ExperimentFigures& figures, const std::optional<Estimate> GroupFigures::*figure,
                   std::size_t at) {
  std::vector<std::optional<double>> means;
  for (const GroupFigures& group : figures.groups)
    means.push_back(group.*figure ? std::optional((group.*figure)->mean) : std::nullopt);
  return {show_mean(figures.groups[at].*figure), is_best(means, at)};
}

TextTable group_table(const ExperimentFigures& figures) {
  TextTable table({{"ALLOCATOR", Align::left},
                   {"INSTANCES"},
                   {"MEAN"},
                   {"95%", Align::right, true},
                   {"LAST"},
                   {"95%", Align::right, true},
                   {"x"},
                   {"95%", Align::right, true}});
  for (std::size_t at = 0; at < figures.groups.size(); ++at) {
    const GroupFigures& group = figures.groups[at];
    table.add({group.label + (group.remark.empty() ? "" : " (!)"), std::to_string(group.instances),
               mean_cell(figures, &GroupFigures::whole, at), show_interval(group.whole),
               mean_cell(figures, &GroupFigures::last, at), show_interval(group.last), show_ratio(group.ratio),
               show_ratio_interval(group.ratio)});
  }
  return table;
}

TextTable day_table(const ExperimentFigures& figures) {
  std::vector<TextColumn> columns{{"DAY FROM", Align::left}};
  std::size_t days = 0;
  for (const GroupFigures& group : figures.groups) {
    columns.push_back({group.label});
    days = std::max(days, group.days.size());
  }
  TextTable table(std::move(columns));
  for (std::size_t at = 0; at < days; ++at) {
    std::vector<TextCell> cells{show_moment({figures.from.unix_s + static_cast<std::int64_t>(at) * day})};
    for (const GroupFigures& group : figures.groups) {
      const auto& estimate = group.days[at];
      std::string text = show_mean(estimate);
      if (estimate && estimate->interval) text += " ±" + mib((estimate->interval->high - estimate->interval->low) / 2);
      cells.emplace_back(std::move(text));
    }
    table.add(std::move(cells));
  }
  return table;
}

std::string foot(const ExperimentFigures& figures, std::size_t width) {
  std::string text;
  for (const std::string& note : notes_of(figures)) text += wrapped(printable(note), width, 4);
  for (const GroupFigures& group : figures.groups)
    if (!group.remark.empty())
      text += wrapped(fmt::format("(!) {}: {}.", printable(group.label), group.remark), width, 4);
  return text;
}

// A single group has nothing to stand against.
bool has_effects(const ExperimentFigures& figures) {
  return figures.within_hosts && !(figures.within_hosts->effects.empty() && figures.within_hosts->events.empty());
}

nlohmann::json as_json(const std::optional<Estimate>& estimate) {
  if (!estimate) return nullptr;
  nlohmann::json json{{"mean", estimate->mean}, {"instances", estimate->instances}};
  if (estimate->interval) json["low"] = estimate->interval->low, json["high"] = estimate->interval->high;
  return json;
}

// Where hosts differ, means over all of them do not tell the groups' difference: the comparison within them does.
std::string verdict_within(const HostComparison& comparison, const std::string& baseline) {
  const Effect* leader = nullptr;
  for (const Effect& effect : comparison.effects)
    if (effect.quantity == "memory" && (leader == nullptr || effect.ratio < leader->ratio)) leader = &effect;
  if (leader == nullptr) return {};
  return fmt::format("{} holds {:.2f} of {} within hosts ({:.4g} of 100: {:.2f} to {:.2f}; {} hosts){}", leader->group,
                     leader->ratio, baseline, 100 * leader->level, leader->interval.low, leader->interval.high,
                     leader->hosts, leader->interval.high >= 1 ? ": no saving that these hosts can show" : "");
}

}  // namespace

std::string verdict_on(const ExperimentFigures& figures) {
  if (figures.within_hosts) return verdict_within(*figures.within_hosts, figures.baseline);
  const GroupFigures* leader = nullptr;
  for (const GroupFigures& group : figures.groups)
    if (group.last && group.remark.empty() && (leader == nullptr || group.last->mean < leader->last->mean))
      leader = &group;
  if (leader == nullptr) return {};
  std::string text =
      fmt::format("{} holds {} MiB an instance in the last 24 hours", leader->label, mib(leader->last->mean));
  if (!leader->ratio) return text;
  text += fmt::format(", {:.2f} of {}", leader->ratio->mean, figures.baseline);
  if (!leader->ratio->interval) return text + "; too few instances to tell what is chance";
  const Interval& interval = *leader->ratio->interval;
  text +=
      fmt::format(" (95 of 100: {:.2f} to {:.2f}; {} instances)", interval.low, interval.high, leader->last->instances);
  return interval.high >= 1 ? text + ": no difference that these instances can show" : text;
}

std::vector<std::string> notes_of(const ExperimentFigures& figures) {
  return {
      fmt::format("Memory in MiB, means over a group's instances, from {} to {} UTC, {} collections.",
                  show_moment(figures.from), show_moment(figures.until), figures.collections),
      fmt::format("MEAN: over the days; LAST: each instance's last reading in the last 24 hours; x: LAST against {}.",
                  figures.baseline),
      fmt::format("95%: interval of the mean by bootstrap over instances ({} resamples, fixed seed, widened by "
                  "sqrt(n/(n-1))); none below three instances.",
                  figures.resamples)};
}

std::string render_text(const ExperimentFigures& figures, bool colour) {
  const std::string verdict = verdict_on(figures);
  std::string text = verdict.empty() ? std::string() : wrapped(printable(verdict) + ".", output_width()) + "\n";
  text +=
      group_table(figures).text(colour) + "\n" + day_table(figures).text(colour) + "\n" + foot(figures, output_width());
  if (has_effects(figures)) text += "\n" + render_effects(*figures.within_hosts, figures.baseline, colour);
  return text;
}

std::string render_markdown(const ExperimentFigures& figures) {
  const std::string verdict = verdict_on(figures);
  std::string text = fmt::format(
      "## {}\n\n{}{}\n{}\n{}", printable(figures.title), verdict.empty() ? std::string() : printable(verdict) + ".\n\n",
      group_table(figures).markdown(), day_table(figures).markdown(), foot(figures, SIZE_MAX));
  if (has_effects(figures)) text += "\n" + render_effects_markdown(*figures.within_hosts, figures.baseline);
  return text;
}

std::string render_json(const ExperimentFigures& figures) {
  nlohmann::json document{
      {"schema", "neap.experiment/1"},
      {"title", figures.title},
      {"baseline", figures.baseline},
      {"verdict", verdict_on(figures)},
      {"from_unix_s", figures.from.unix_s},
      {"until_unix_s", figures.until.unix_s},
      {"collections", figures.collections},
      {"unit", "bytes"},
      {"interval", {{"method", "bootstrap over instances"}, {"resamples", figures.resamples}, {"level", 0.95}}},
      {"groups", nlohmann::json::array()}};
  for (const GroupFigures& group : figures.groups) {
    nlohmann::json entry{{"label", group.label},          {"instances", group.instances},
                         {"mean", as_json(group.whole)},  {"last", as_json(group.last)},
                         {"ratio", as_json(group.ratio)}, {"days", nlohmann::json::array()}};
    if (!group.remark.empty()) entry["remark"] = group.remark;
    for (const auto& estimate : group.days) entry["days"].push_back(as_json(estimate));
    document["groups"].push_back(std::move(entry));
  }
  if (figures.within_hosts) document["within_hosts"] = effects_as_json(*figures.within_hosts);
  return json_text(document, 2) + "\n";
}

std::string render_csv(const Experiment& experiment) {
  std::string out = "unix_s,instance,allocator,rss\n";
  for (const Reading& reading : experiment.readings) {
    const Instance& instance = experiment.instances[reading.instance];
    fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", reading.at.unix_s, name_of(instance), instance.group,
                   reading.rss.count);
  }
  return out;
}

}  // namespace neap
