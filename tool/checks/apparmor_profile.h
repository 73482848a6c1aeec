// The profiles below /etc/apparmor.d, read as text: which one confines a program, and what its rules grant.
#pragma once
#include <optional>
#include <string>

#include "tool/change/durable.h"

namespace neap {

struct Profile {
  std::string name;
  std::string attachment;  // pattern of the programs it confines by itself
  std::string preamble;    // of its file: the variables
  std::string rules;       // from its first line to its last brace
};

std::optional<Profile> profile_named(const Root& root, const std::string& name);
// Of several profiles whose pattern fits, the one with the longest pattern, because the kernel prefers the more exact
// one.
std::optional<Profile> profile_attached_to(const Root& root, const std::string& program);

// Whether such a text, variables and rules, includes followed below /etc/apparmor.d, grants `right` ('m': map, 'r':
// read).
bool grants(const Root& root, const std::string& text, const std::string& path, char right);

}  // namespace neap
