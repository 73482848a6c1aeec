#include "tool/checks/apparmor_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace neap {
namespace {

namespace fs = std::filesystem;
using Taker = std::function<void(const std::string&)>;
constexpr int deepest_include = 10;
constexpr std::size_t longest_pattern = 1 << 16;  // a variable may name itself

void walk(const Root& root, const std::string& text, const Taker& take, int depth);

// Follows an include of <name> or "name", perhaps with "if exists". A folder stands for the files in it.
void follow(const Root& root, const std::string& line, const Taker& take, int depth) {
  const auto open = line.find_first_of("<\""), close = line.find_last_of(">\"");
  if (open == std::string::npos || close <= open || depth == deepest_include) return;
  const std::string name = line.substr(open + 1, close - open - 1);
  const std::string path = name.starts_with('/') ? name : fmt::format("{}/{}", policy_folder, name);
  std::error_code ignored;
  if (!fs::is_directory(root.at(path), ignored)) return walk(root, policy_text(root, path), take, depth + 1);
  for (const auto& entry : fs::directory_iterator(root.at(path), ignored))
    walk(root, policy_text(root, path + "/" + entry.path().filename().string()), take, depth + 1);
}

void walk_line(const Root& root, std::string line, const Taker& take, int depth) {
  line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with("#include")) line.erase(0, 1);
  if (line.starts_with("include")) return follow(root, line, take, depth);
  line.resize(std::min(line.find('#'), line.size()));
  line.resize(line.find_last_not_of(" \t,") + 1);
  if (!line.empty()) take(line);
}

void walk(const Root& root, const std::string& text, const Taker& take, int depth) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    walk_line(root, text.substr(start, end - start), take, depth);
    start = end + 1;
  }
}

}  // namespace

std::string policy_text(const Root& root, const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(root.at(path), ignored)) return {};
  const auto image = read_image(fs::canonical(root.at(path), ignored).string());
  return image ? image->bytes : std::string();
}

void each_policy_line(const Root& root, const std::string& text, const Taker& take) { walk(root, text, take, 0); }

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t start = line.find_first_not_of(" \t"); start != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.emplace_back(line.substr(start, end - start));
    start = line.find_first_not_of(" \t", end);
  }
  return words;
}

std::string without_quotes(const std::string& word) {
  return word.size() > 1 && word.front() == '"' && word.back() == '"' ? word.substr(1, word.size() - 2) : word;
}

bool PolicyVariables::take(const std::string& line) {
  const auto close = line.find('}');
  if (!line.starts_with("@{") || close == std::string::npos) return false;
  std::size_t sign = line.find_first_not_of(" \t", close + 1);
  if (sign == std::string::npos) return false;
  const bool adds = line[sign] == '+';
  if (adds) ++sign;
  if (sign >= line.size() || line[sign] != '=') return false;
  std::vector<std::string>& values = values_[line.substr(0, close + 1)];
  if (!adds) values.clear();
  for (const std::string& word : words_of(std::string_view(line).substr(sign + 1)))
    values.push_back(without_quotes(word));
  return true;
}

std::string PolicyVariables::expanded(std::string pattern) const {
  for (auto at = pattern.find("@{"); at != std::string::npos && pattern.size() < longest_pattern;) {
    const auto close = pattern.find('}', at);
    const auto known = values_.find(pattern.substr(at, close == std::string::npos ? 0 : close + 1 - at));
    if (known == values_.end())
      at += 2;
    else
      pattern.replace(at, known->first.size(), fmt::format("{{{}}}", fmt::join(known->second, ",")));
    at = pattern.find("@{", at);
  }
  return pattern;
}

}  // namespace neap
