// Specifiers of unit files ("%i", "%N"): what systemd puts in their place (systemd.unit(5)).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace neap {

// For a unit of the system's manager. Empty when the text holds one that cannot be told here, such as the instance of a
// template.
std::optional<std::string> expand_specifiers(std::string_view text, const std::string& unit);

// The text as a unit file has to say it, so that no letter of it is taken for a specifier.
std::string without_specifiers(std::string text);

}  // namespace neap
