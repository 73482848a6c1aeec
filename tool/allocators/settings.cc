#include "tool/allocators/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "tool/allocators/probe.h"
#include "tool/model/failure.h"
#include "tool/model/suggestion.h"

namespace neap {
namespace {

using Setting = std::pair<std::string, std::string>;

bool is_whole(const Setting& setting) { return !setting.first.empty() && !setting.second.empty(); }

// "key=value:key=value", or "key:value:key:value" as some allocators write it themselves.
std::vector<Setting> split_settings(const AllocatorRow& row, std::string_view settings) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= settings.size();) {
    const std::size_t end = std::min(settings.find(':', start), settings.size());
    parts.push_back(settings.substr(start, end - start));
    start = end + 1;
  }
  std::vector<Setting> pairs;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const auto equals = parts[at].find('=');
    Setting setting;
    if (equals != std::string_view::npos)
      setting = {std::string(parts[at].substr(0, equals)), std::string(parts[at].substr(equals + 1))};
    else if (at + 1 < parts.size() && parts[at + 1].find('=') == std::string_view::npos)
      setting = {std::string(parts[at]), std::string(parts[at + 1])}, ++at;
    else
      setting.first = parts[at];
    if (!is_whole(setting))
      throw UsageFailure(
          fmt::format("'{}' is no setting of {}; write {}:key=value", setting.first, row.name, row.name));
    pairs.push_back(std::move(setting));
  }
  return pairs;
}

// Whether strtoul takes all of the text, as glibc reads its tunables.
bool is_number(const std::string& text) {
  char* end = nullptr;
  std::strtoull(text.c_str(), &end, 0);
  return std::isdigit(static_cast<unsigned char>(text.front())) != 0 && *end == '\0';
}

// Some allocators are silent about settings that they do not know. For these the table tells what they know.
void check_known(const AllocatorRow& row, const Setting& setting) {
  if (row.keys.empty()) return;
  const std::vector<std::string> known(row.keys.begin(), row.keys.end());
  if (std::find(known.begin(), known.end(), setting.first) == known.end())
    throw UsageFailure(fmt::format("{} has no setting '{}' (there are: {}){}", row.name, setting.first,
                                   fmt::join(known, ", "), did_you_mean(setting.first, known)));
  if (!is_number(setting.second))
    throw UsageFailure(fmt::format("'{}' is no number for {} of {}", setting.second, setting.first, row.name));
}

std::string capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> settings_environment(const AllocatorRow& row,
                                                                      std::string_view settings) {
  std::vector<std::pair<std::string, std::string>> environment;
  const SettingRule& rule = row.settings;
  std::string joined;
  if (settings.empty()) return environment;
  for (const auto& [key, value] : split_settings(row, settings)) {
    check_known(row, {key, value});
    if (rule.style == SettingStyle::variable_each) {
      environment.emplace_back(std::string(rule.variable) + capitals(key), value);
    } else {
      if (!joined.empty()) joined += rule.join;
      joined += fmt::format("{}{}{}{}", rule.key_prefix, key, rule.assign, value);
    }
  }
  if (!joined.empty()) environment.emplace_back(std::string(rule.variable), joined);
  return environment;
}

// Other allocators name what they do not know on stderr, when a process starts under them.
void check_settings(const AllocatorRow& row, const Allocator& allocator) {
  for (const std::string& line : complaints_under(allocator))
    throw UsageFailure(fmt::format("{} does not take these settings: {}", row.name, line));
}

}  // namespace neap
