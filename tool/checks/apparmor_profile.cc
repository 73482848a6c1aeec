#include "tool/checks/apparmor_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "tool/checks/apparmor_glob.h"
#include "tool/checks/apparmor_text.h"

namespace neap {
namespace {

enum class Answer { silent, granted, denied };

// A word of a rule: a path, a variable, alternatives, each perhaps in quotes.
bool is_path(const std::string& word) { return without_quotes(word).find_first_of("/@{") == 0; }

class Rules {
 public:
  Rules(const std::string& path, char right) : path_(path), right_(right) {}

  void take(const std::string& line) {
    if (variables_.take(line)) return;
    std::vector<std::string> words = words_of(line);
    const bool denies = !words.empty() && words[0] == "deny";
    while (!words.empty() && (words[0] == "deny" || words[0] == "owner" || words[0] == "audit" || words[0] == "file"))
      words.erase(words.begin());
    if (words.size() < 2) return;
    if (!is_path(words[0])) std::swap(words[0], words[1]);  // "mr /path" says the same
    if (!is_path(words[0]) || words[1].find(right_) == std::string::npos) return;
    if (!fits_glob(variables_.expanded(without_quotes(words[0])), path_)) return;
    if (answer_ != Answer::denied) answer_ = denies ? Answer::denied : Answer::granted;  // a denial wins over all
  }
  bool granted() const { return answer_ == Answer::granted; }

 private:
  const std::string& path_;
  char right_;
  PolicyVariables variables_;
  Answer answer_ = Answer::silent;
};

// "profile NAME [PROGRAM] [flags=(...)] {" or "PROGRAM [flags=(...)] {"; what else opens a brace is no profile.
std::optional<Profile> profile_begun_by(std::string line) {
  const auto brace = line.find_last_not_of(" \t");
  if (brace == std::string::npos || line[brace] != '{') return std::nullopt;
  line.resize(std::min({brace, line.find(" flags="), line.find(" xattrs="), line.find(" (")}));
  std::vector<std::string> words = words_of(line);
  const bool named = !words.empty() && words[0] == "profile";
  if (named) words.erase(words.begin());
  if (words.empty()) return std::nullopt;
  Profile profile{without_quotes(words[0]), without_quotes(words.back()), {}, {}};
  if (!named && profile.name.find_first_of("/@{") != 0) return std::nullopt;
  return profile;
}

// Braces of patterns open and close within their line, so that counting them finds the profile's last one.
std::vector<Profile> profiles_in(const std::string& text) {
  std::vector<Profile> profiles;
  std::string preamble;
  std::ptrdiff_t depth = 0;
  bool inside = false;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    const std::string code = line.substr(0, line.find('#'));
    if (depth == 0)
      if (auto profile = profile_begun_by(code)) {
        profile->preamble = preamble;
        profiles.push_back(*profile);
        inside = true;
      }
    (inside ? profiles.back().rules : preamble) += line + "\n";
    depth += std::count(code.begin(), code.end(), '{') - std::count(code.begin(), code.end(), '}');
    inside = inside && depth > 0;
    start = end + 1;
  }
  return profiles;
}

std::vector<Profile> all_profiles(const Root& root) {
  std::vector<Profile> all;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root.at(policy_folder), ignored))
    for (Profile& profile :
         profiles_in(policy_text(root, fmt::format("{}/{}", policy_folder, entry.path().filename().string()))))
      all.push_back(std::move(profile));
  return all;
}

std::string attachment_of(const Root& root, const Profile& profile) {
  if (profile.attachment.find("@{") == std::string::npos) return profile.attachment;
  PolicyVariables variables;
  each_policy_line(root, profile.preamble, [&](const std::string& line) { variables.take(line); });
  return variables.expanded(profile.attachment);
}

}  // namespace

std::optional<Profile> profile_named(const Root& root, const std::string& name) {
  for (Profile& profile : all_profiles(root))
    if (profile.name == name) return std::move(profile);
  return std::nullopt;
}

std::optional<Profile> profile_attached_to(const Root& root, const std::string& program) {
  std::optional<Profile> found;
  for (Profile& profile : all_profiles(root))
    if (fits_glob(attachment_of(root, profile), program))
      if (!found || profile.attachment.size() > found->attachment.size()) found = std::move(profile);
  return found;
}

bool grants(const Root& root, const std::string& text, const std::string& path, char right) {
  Rules rules(path, right);
  each_policy_line(root, text, [&](const std::string& line) { rules.take(line); });
  return rules.granted();
}

}  // namespace neap
