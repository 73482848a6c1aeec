#include "tool/checks/apparmor.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tool/checks/apparmor_profile.h"

namespace neap {
namespace {

constexpr const char* base_abstraction = "/etc/apparmor.d/abstractions/base";
constexpr const char* enabled_file = "/sys/module/apparmor/parameters/enabled";
constexpr const char* loaded_file = "/sys/kernel/security/apparmor/profiles";  // "NAME (MODE)" lines, root's to read

// Reads to the end, as files of the kernel do not tell their size.
std::string text_of(const Root& root, const char* path) {
  std::ifstream file(root.at(path));
  return {std::istreambuf_iterator<char>(file), {}};
}

// Why the profile hinders nothing; empty when it is enforced, or nobody can tell.
std::string why_idle(const Root& root, const std::string& name) {
  if (!text_of(root, enabled_file).starts_with('Y')) return "this kernel does not enforce it";
  const std::string loaded = "\n" + text_of(root, loaded_file);
  const auto line = loaded.find("\n" + name + " (");
  if (loaded.size() == 1) return {};
  if (line == std::string::npos) return fmt::format("profile {} is not loaded", name);
  const std::string mode = loaded.substr(line + name.size() + 3);
  return mode.starts_with("enforce") || mode.starts_with("kill") ? "" : fmt::format("profile {} only complains", name);
}

Finding check_profile(const Root& root, const Profile& profile, const std::string& library) {
  if (std::string why = why_idle(root, profile.name); !why.empty())
    return {Severity::fine, "AppArmor", std::move(why), {}};
  if (grants(root, profile.preamble + profile.rules, library, 'm'))
    return {Severity::fine, "AppArmor", fmt::format("{} may map {}", profile.name, library), {}};
  return {Severity::obstacle, "AppArmor", fmt::format("profile {} does not let it map {}", profile.name, library),
          fmt::format("install the library below /usr/lib, or write '{} mr,' to {} and load the profile again "
                      "(apparmor_parser -r)",
                      library, apparmor_rule_path)};
}

// The kernel attaches a profile to what a link leads to.
std::string real_path(const Root& root, const std::string& program) {
  std::error_code ignored;
  const std::string real = std::filesystem::weakly_canonical(root.at(program), ignored).string();
  return real.size() > root.at("").size() ? real.substr(root.at("").size()) : program;
}

}  // namespace

std::vector<Finding> check_apparmor(const Root& root, const UnitFacts& unit, const std::string& library) {
  std::string named = unit.hardening.apparmor_profile;
  if (named.starts_with('-')) named.erase(0, 1);
  if (named == "unconfined" || library.empty()) return {};
  if (!named.empty()) {
    if (const auto profile = profile_named(root, named)) return {check_profile(root, *profile, library)};
    if (std::string why = why_idle(root, named); !why.empty())
      return {{Severity::fine, "AppArmor", std::move(why), {}}};
    return {{Severity::warning, "AppArmor", fmt::format("the text of profile {} was not found", named),
             "see after the restart whether neap status says 'on'"}};
  }
  std::vector<Finding> findings;
  for (const std::string& program : unit.programs)
    if (const auto profile = profile_attached_to(root, real_path(root, program)))
      findings.push_back(check_profile(root, *profile, library));
  return findings;
}

std::optional<std::string> apparmor_rule(const Root& root, const std::string& library, const std::string& read_too) {
  const std::string base = text_of(root, base_abstraction);
  if (base.empty()) return std::nullopt;
  std::string rule = "# Written by neap: what libneap needs in every confined program.\n";
  if (!grants(root, base, library, 'm')) rule += fmt::format("{} mr,\n", library);
  return rule + fmt::format("{} r,\n", read_too);
}

}  // namespace neap
