#include "tool/analysis/condition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "tool/model/failure.h"
#include "tool/model/suggestion.h"

namespace neap {
namespace {

struct OrderName {
  std::string_view name;
  Condition::Order order;
};

constexpr std::array orders = {  // the longer ones first
    OrderName{">=", Condition::Order::greater_or_equal}, OrderName{"<=", Condition::Order::less_or_equal},
    OrderName{">", Condition::Order::greater}, OrderName{"<", Condition::Order::less}};

struct NumberUnit {
  std::string_view name;
  double size;
};

constexpr std::array number_units = {NumberUnit{"", 1},          NumberUnit{"s", 1},
                                     NumberUnit{"B", 1},         NumberUnit{"KiB", 1 << 10},
                                     NumberUnit{"MiB", 1 << 20}, NumberUnit{"GiB", 1 << 30}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The number at the text's beginning is taken off; without one the text stays as it is.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  return number;
}

UsageFailure no_condition(const std::string& text) {
  return UsageFailure(
      fmt::format("'{}' is no condition; write one such as 'neap.mean_rss > 1.05*libc.mean_rss' or "
                  "'neap.peak_rss > 200MiB'",
                  text));
}

ConditionSide parse_side(std::string_view side, const std::string& text) {
  ConditionSide parsed;
  side = trimmed(side);
  if (const auto number = take_number(side)) {
    parsed.factor = *number;
    for (const NumberUnit& unit : number_units)
      if (side == unit.name) return parsed.factor *= unit.size, parsed;
    if (!side.starts_with('*')) throw no_condition(text);
    side = trimmed(side.substr(1));
  }
  const auto dot = side.rfind('.');
  if (dot == std::string_view::npos || dot == 0) throw no_condition(text);
  const std::string quantity(side.substr(dot + 1));
  parsed.label = side.substr(0, dot);
  parsed.quantity = quantity_at(quantity);
  if (parsed.quantity < quantities.size()) return parsed;
  std::vector<std::string> names;
  for (const Quantity& each : quantities) names.emplace_back(each.name);
  throw UsageFailure(fmt::format("there is no figure '{}' (there are: {}){}", quantity, fmt::join(names, ", "),
                                 did_you_mean(quantity, names)));
}

double value_of(const ConditionSide& side, const Comparison& comparison, const ComparisonFigures& figures) {
  if (side.label.empty()) return side.factor;
  for (std::size_t row = 0; row < comparison.rows.size(); ++row)
    if (comparison.rows[row].label == side.label)
      if (const auto& spread = figures.rows[row][side.quantity].spread) return side.factor * spread->median;
  throw Failure(fmt::format("{} has no {}: it cannot be told whether a condition holds", side.label,
                            quantities[side.quantity].name));
}

}  // namespace

Condition parse_condition(const std::string& text) {
  for (const OrderName& each : orders) {
    const auto at = text.find(each.name);
    if (at == std::string::npos) continue;
    Condition condition;
    condition.text = text;
    condition.order = each.order;
    condition.left = parse_side(std::string_view(text).substr(0, at), text);
    condition.right = parse_side(std::string_view(text).substr(at + each.name.size()), text);
    return condition;
  }
  throw no_condition(text);
}

void check_labels(const Condition& condition, const std::vector<std::string>& labels) {
  for (const std::string& label : {condition.left.label, condition.right.label})
    if (!label.empty() && std::find(labels.begin(), labels.end(), label) == labels.end())
      throw UsageFailure(
          fmt::format("'{}' speaks of {}, but there are: {}", condition.text, label, fmt::join(labels, ", ")));
}

std::string when_it_holds(const Condition& condition, const Comparison& comparison, const ComparisonFigures& figures) {
  const double left = value_of(condition.left, comparison, figures);
  const double right = value_of(condition.right, comparison, figures);
  bool holds = false;
  switch (condition.order) {
    case Condition::Order::less:
      holds = left < right;
      break;
    case Condition::Order::less_or_equal:
      holds = left <= right;
      break;
    case Condition::Order::greater:
      holds = left > right;
      break;
    case Condition::Order::greater_or_equal:
      holds = left >= right;
      break;
  }
  return holds ? fmt::format("{} holds: {:.10g} against {:.10g}", condition.text, left, right) : std::string();
}

}  // namespace neap
