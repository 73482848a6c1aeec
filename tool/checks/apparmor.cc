#include "tool/checks/apparmor.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

namespace neap {
namespace {

namespace fs = std::filesystem;
constexpr const char* profiles_folder = "/etc/apparmor.d";
constexpr const char* base_abstraction = "/etc/apparmor.d/abstractions/base";
constexpr const char* enabled_file = "/sys/module/apparmor/parameters/enabled";
constexpr int deepest_include = 10;

std::string text_of(const Root& root, const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(root.at(path), ignored)) return {};
  const auto image = read_image(fs::canonical(root.at(path), ignored).string());
  return image ? image->bytes : std::string();
}

// AppArmor's globs: * within a name, ** across, ? one character, [..] a set, {a,b} either.
bool fits(std::string_view pattern, std::string_view path);

bool fits_either(std::string_view pattern, std::string_view path) {
  std::size_t depth = 0, end = 0;
  for (end = 0; end < pattern.size(); ++end) {
    if (pattern[end] == '{') ++depth;
    if (pattern[end] == '}' && --depth == 0) break;
  }
  if (end == pattern.size()) return false;
  const std::string rest(pattern.substr(end + 1));
  for (std::size_t start = 1; start <= end;) {
    std::size_t stop = start, inner = 0;
    while (stop < end && !(pattern[stop] == ',' && inner == 0)) {
      if (pattern[stop] == '{') ++inner;
      if (pattern[stop] == '}') --inner;
      ++stop;
    }
    if (fits(std::string(pattern.substr(start, stop - start)) + rest, path)) return true;
    start = stop + 1;
  }
  return false;
}

bool in_set(std::string_view set, char letter) {
  const bool inverted = set.starts_with('^');
  if (inverted) set.remove_prefix(1);
  for (std::size_t at = 0; at < set.size(); ++at) {
    const bool range = at + 2 < set.size() && set[at + 1] == '-';
    if (range ? letter >= set[at] && letter <= set[at + 2] : letter == set[at]) return !inverted;
    if (range) at += 2;
  }
  return inverted;
}

bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern[0] == '{') return fits_either(pattern, path);
    if (pattern[0] == '*') {
      const bool across = pattern.starts_with("**");
      pattern.remove_prefix(across ? 2 : 1);
      for (std::size_t taken = 0; taken <= path.size(); ++taken) {
        if (fits(pattern, path.substr(taken))) return true;
        if (taken < path.size() && path[taken] == '/' && !across) return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (const auto close = pattern.find(']'); pattern[0] == '[' && close != std::string_view::npos) {
      if (path[0] == '/' || !in_set(pattern.substr(1, close - 1), path[0])) return false;
      pattern.remove_prefix(close + 1);
    } else {
      if (pattern[0] == '?' ? path[0] == '/' : pattern[0] != path[0]) return false;
      pattern.remove_prefix(1);
    }
    path.remove_prefix(1);
  }
  return path.empty();
}

// "@{multiarch}" stands for any folder of that kind; other variables hold places where no library lies.
std::string without_variables(std::string pattern) {
  const std::string multiarch = "@{multiarch}";
  for (auto at = pattern.find(multiarch); at != std::string::npos; at = pattern.find(multiarch))
    pattern.replace(at, multiarch.size(), "*-linux-gnu*");
  return pattern;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t start = line.find_first_not_of(" \t"); start != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.emplace_back(line.substr(start, end - start));
    start = line.find_first_not_of(" \t", end);
  }
  return words;
}

enum class Answer { silent, granted, denied };

class Rules {
 public:
  Rules(const Root& root, const std::string& path, char right) : root_(root), path_(path), right_(right) {}

  void read(const std::string& text, int depth = 0) {
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      take(text.substr(start, end - start), depth);
      start = end + 1;
    }
  }
  bool granted() const { return answer_ == Answer::granted; }

 private:
  void take(std::string line, int depth) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string::npos) return;
    line.erase(0, start);
    if (line.starts_with("#include")) line.erase(0, 1);
    if (line.starts_with("include")) return include(line, depth);
    if (const auto comment = line.find('#'); comment != std::string::npos) line.resize(comment);
    while (!line.empty() && (line.back() == ' ' || line.back() == ',')) line.pop_back();
    std::vector<std::string> words = words_of(line);
    const bool denies = !words.empty() && words[0] == "deny";
    while (!words.empty() && (words[0] == "deny" || words[0] == "owner" || words[0] == "audit" || words[0] == "file"))
      words.erase(words.begin());
    if (words.size() < 2 || words[0].empty() || (words[0][0] != '/' && words[0][0] != '@' && words[0][0] != '{'))
      return;
    if (words[1].find(right_) == std::string::npos || !fits(without_variables(words[0]), path_)) return;
    if (answer_ != Answer::denied) answer_ = denies ? Answer::denied : Answer::granted;  // a denial wins over all
  }

  // <name>, "name", and "if exists"; a folder means the files in it.
  void include(const std::string& line, int depth) {
    const auto open = line.find_first_of("<\""), close = line.find_last_of(">\"");
    if (open == std::string::npos || close <= open || depth == deepest_include) return;
    const std::string name = line.substr(open + 1, close - open - 1);
    const std::string path = name.starts_with('/') ? name : fmt::format("{}/{}", profiles_folder, name);
    std::error_code ignored;
    if (!fs::is_directory(root_.at(path), ignored)) return read(text_of(root_, path), depth + 1);
    for (const auto& entry : fs::directory_iterator(root_.at(path), ignored))
      read(text_of(root_, path + "/" + entry.path().filename().string()), depth + 1);
  }

  const Root& root_;
  const std::string& path_;
  char right_;
  Answer answer_ = Answer::silent;
};

// The file that holds a profile of that name; its own file as a rule, named after it.
std::string profile_text(const Root& root, const std::string& name) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root.at(profiles_folder), ignored)) {
    std::string text = text_of(root, fmt::format("{}/{}", profiles_folder, entry.path().filename().string()));
    if (text.find("profile " + name) != std::string::npos || text.find("\n" + name + " ") != std::string::npos)
      return text;
  }
  return {};
}

}  // namespace

bool grants(const Root& root, const std::string& profile, const std::string& path, char right) {
  Rules rules(root, path, right);
  rules.read(profile);
  return rules.granted();
}

std::vector<Finding> check_apparmor(const Root& root, const UnitFacts& unit, const std::string& library) {
  std::string profile = unit.hardening.apparmor_profile;
  if (profile.starts_with('-')) profile.erase(0, 1);
  if (profile.empty() || profile == "unconfined" || library.empty()) return {};
  if (!text_of(root, enabled_file).starts_with('Y'))
    return {{Severity::fine, "AppArmor", "this kernel does not enforce it", {}}};
  const std::string text = profile_text(root, profile);
  if (text.empty())
    return {{Severity::warning, "AppArmor", fmt::format("the text of profile {} was not found", profile),
             "see after the restart whether neap status says 'on'"}};
  if (grants(root, text, library, 'm'))
    return {{Severity::fine, "AppArmor", fmt::format("{} may map {}", profile, library), {}}};
  return {{Severity::obstacle, "AppArmor", fmt::format("profile {} does not let it map {}", profile, library),
           fmt::format("install the library below /usr/lib, or write '{} mr,' to {} and load the profile again "
                       "(apparmor_parser -r)",
                       library, apparmor_rule_path)}};
}

std::optional<std::string> apparmor_rule(const Root& root, const std::string& library, const std::string& read_too) {
  const std::string base = text_of(root, base_abstraction);
  if (base.empty()) return std::nullopt;
  std::string rule = "# Written by neap: what libneap needs in every confined program.\n";
  if (!grants(root, base, library, 'm')) rule += fmt::format("{} mr,\n", library);
  return rule + fmt::format("{} r,\n", read_too);
}

}  // namespace neap
