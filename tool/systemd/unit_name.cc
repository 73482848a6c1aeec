#include "tool/systemd/unit_name.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr std::string_view suffix = ".service";
constexpr std::string_view template_end = "@.service";
constexpr std::array<std::string_view, 10> other_types{".socket", ".target", ".timer",     ".mount", ".path",
                                                       ".slice",  ".scope",  ".automount", ".swap",  ".device"};
constexpr std::string_view allowed = ":-_.\\@";  // besides letters and digits: systemd.unit(5)
constexpr std::size_t longest = 255;

bool is_allowed(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         allowed.find(letter) != std::string_view::npos;
}

}  // namespace

std::string service_name(const std::string& written) {
  for (const std::string_view type : other_types)
    if (written.ends_with(type))
      throw UsageFailure(fmt::format("{} has no processes of its own; name the service it starts", written));
  std::string name = written.ends_with(suffix) ? written : written + std::string(suffix);
  const std::size_t stem = name.size() - suffix.size();
  if (stem == 0 || name[0] == '@' || name.size() > longest || !std::all_of(name.begin(), name.end(), is_allowed))
    throw UsageFailure(
        fmt::format("'{}' is no name of a service; systemctl list-units --type=service shows them", written));
  return name;
}

bool is_template(const std::string& name) { return name.ends_with(template_end); }

std::string instance_of(const std::string& template_name, const std::string& what) {
  return template_name.substr(0, template_name.size() - suffix.size()) + what + std::string(suffix);
}

std::string units_of(const std::string& name) { return is_template(name) ? instance_of(name, "*") : name; }

bool fits_any(const std::string& service, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string pattern) {
    if (!pattern.ends_with(suffix)) pattern += suffix;
    return pattern == service || ::fnmatch(pattern.c_str(), service.c_str(), FNM_NOESCAPE) == 0;
  });
}

UnitInstance parts_of_instance(const std::string& name) {
  const std::size_t at = name.find('@');
  if (at == std::string::npos || !name.ends_with(suffix) || is_template(name)) return {};
  return {name.substr(0, at + 1) + std::string(suffix), name.substr(at + 1, name.size() - suffix.size() - at - 1)};
}

}  // namespace neap
