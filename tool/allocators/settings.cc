#include "tool/allocators/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tool/model/failure.h"

namespace neap {
namespace {

std::pair<std::string, std::string> split_setting(const AllocatorRow& row, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == setting.size())
    throw UsageFailure(fmt::format("'{}' is no setting of {}; write {}:key=value", setting, row.name, row.name));
  return {std::string(setting.substr(0, equals)), std::string(setting.substr(equals + 1))};
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
  while (!settings.empty()) {
    const auto colon = std::min(settings.find(':'), settings.size());
    auto [key, value] = split_setting(row, settings.substr(0, colon));
    settings.remove_prefix(std::min(colon + 1, settings.size()));
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

}  // namespace neap
