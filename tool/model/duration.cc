#include "tool/model/duration.h"

#include <array>
#include <charconv>
#include <string_view>

namespace neap {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};

constexpr std::array units = {Unit{"ms", 1e-3}, Unit{"s", 1},    Unit{"sec", 1},  Unit{"m", 60},
                              Unit{"min", 60},  Unit{"h", 3600}, Unit{"d", 86400}};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

}  // namespace

std::optional<Seconds> parse_duration(const std::string& text) {
  std::string_view rest = text;
  double seconds = 0;
  for (bool first = true; !rest.empty(); first = false) {
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty() && first) return Seconds{number};
    const auto length = std::min(rest.find_first_of("0123456789."), rest.size());
    const Unit* unit = find_unit(rest.substr(0, length));
    if (unit == nullptr) return std::nullopt;
    seconds += number * unit->seconds;
    rest.remove_prefix(length);
  }
  return text.empty() ? std::nullopt : std::optional(Seconds{seconds});
}

}  // namespace neap
