#include "tool/checks/apparmor_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "tool/checks/apparmor_glob.h"

namespace neap {
namespace {

namespace fs = std::filesystem;
constexpr const char* profiles_folder = "/etc/apparmor.d";
constexpr int deepest_include = 10;

std::string text_of(const Root& root, const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(root.at(path), ignored)) return {};
  const auto image = read_image(fs::canonical(root.at(path), ignored).string());
  return image ? image->bytes : std::string();
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
    if (words[1].find(right_) == std::string::npos || !fits_glob(words[0], path_)) return;
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

std::string without_quotes(const std::string& word) {
  return word.size() > 1 && word.front() == '"' && word.back() == '"' ? word.substr(1, word.size() - 2) : word;
}

// "profile NAME [PROGRAM] [flags=(...)] {" or "PROGRAM [flags=(...)] {"; what else opens a brace is no profile.
std::optional<Profile> profile_begun_by(std::string line) {
  const auto brace = line.find_last_not_of(" \t");
  if (brace == std::string::npos || line[brace] != '{') return std::nullopt;
  line.resize(std::min({brace, line.find(" flags="), line.find(" xattrs="), line.find(" (")}));
  std::vector<std::string> words = words_of(line);
  const bool named = !words.empty() && words[0] == "profile";
  if (named) words.erase(words.begin());
  if (words.empty()) return std::nullopt;
  Profile profile{without_quotes(words[0]), without_quotes(words.back()), {}};
  if (!named && profile.name.find_first_of("/@{") != 0) return std::nullopt;
  return profile;
}

// Braces of patterns open and close within their line, so that counting them finds the profile's last one.
std::vector<Profile> profiles_in(const std::string& text) {
  std::vector<Profile> profiles;
  std::ptrdiff_t depth = 0;
  bool inside = false;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    const std::string code = line.substr(0, line.find('#'));
    if (depth == 0)
      if (auto profile = profile_begun_by(code)) profiles.push_back(*profile), inside = true;
    if (inside) profiles.back().text += line + "\n";
    depth += std::count(code.begin(), code.end(), '{') - std::count(code.begin(), code.end(), '}');
    inside = inside && depth > 0;
    start = end + 1;
  }
  return profiles;
}

std::vector<Profile> all_profiles(const Root& root) {
  std::vector<Profile> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root.at(profiles_folder), ignored))
    for (Profile& profile :
         profiles_in(text_of(root, fmt::format("{}/{}", profiles_folder, entry.path().filename().string()))))
      all.push_back(std::move(profile));
  return all;
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
    if (fits_glob(profile.attachment, program))
      if (!found || profile.attachment.size() > found->attachment.size()) found = std::move(profile);
  return found;
}

bool grants(const Root& root, const std::string& text, const std::string& path, char right) {
  Rules rules(root, path, right);
  rules.read(text);
  return rules.granted();
}

}  // namespace neap
