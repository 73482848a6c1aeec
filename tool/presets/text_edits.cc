#include "tool/presets/text_edits.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/allocators/environment.h"

namespace neap {
namespace {

constexpr const char* preload = "LD_PRELOAD";
constexpr std::string_view blanks = " \t";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string trimmed(const std::string& text, std::string_view what) {
  const auto start = text.find_first_not_of(what);
  return start == std::string::npos ? std::string() : text.substr(start, text.find_last_not_of(what) - start + 1);
}

// The value of a line that sets `name`, behind `before`; a comment sets nothing.
bool sets(const std::string& line, const std::string& before, const std::string& name, std::string& value) {
  std::string rest = trimmed(line, blanks);
  if (!before.empty()) {
    if (!rest.starts_with(before)) return false;
    rest = trimmed(rest.substr(before.size()), blanks);
  }
  const auto equals = rest.find('=');
  if (equals == std::string::npos || trimmed(rest.substr(0, equals), blanks) != name) return false;
  value = trimmed(trimmed(rest.substr(equals + 1), blanks), "'\"");
  return true;
}

// Each variable in the last line that sets it, in the form of `line_of`; new ones at `place`.
template <class LineOf, class Place>
std::string with_lines(const std::string& now, const Variables& variables, const std::string& before, LineOf line_of,
                       Place place) {
  std::vector<std::string> lines = lines_of(now);
  for (const auto& [name, value] : variables) {
    std::string old;
    const auto found = std::find_if(lines.rbegin(), lines.rend(), [&, &wanted = name](const std::string& line) {
      return sets(line, before, wanted, old);
    });
    if (found != lines.rend())
      *found = line_of(name, name == preload ? merge_preload({value}, old) : value);
    else
      lines.insert(place(lines), line_of(name, value));
  }
  return joined(lines);
}

}  // namespace

std::string with_postgresql_lines(const std::string& now, const Variables& variables) {
  return with_lines(
      now, variables, "", [](const auto& name, const auto& value) { return fmt::format("{} = '{}'", name, value); },
      [](auto& lines) { return lines.end(); });
}

std::string with_shell_lines(const std::string& now, const Variables& variables) {
  return with_lines(
      now, variables, "export",
      [](const auto& name, const auto& value) { return fmt::format("export {}='{}'", name, value); },
      [](auto& lines) { return lines.end(); });
}

std::string with_crontab_lines(const std::string& now, const Variables& variables) {
  return with_lines(
      now, variables, "", [](const auto& name, const auto& value) { return fmt::format("{}={}", name, value); },
      [](auto& lines) {
        return std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
          return !line.empty() && line[0] != '#' && line.find('=') == std::string::npos;
        });
      });
}

std::string with_postfix_words(const std::string& now, const std::string& usual, const Variables& variables) {
  constexpr const char* setting = "import_environment";
  std::vector<std::string> lines = lines_of(now);
  std::string words = usual;
  auto line = std::find_if(lines.begin(), lines.end(),
                           [&](const std::string& each) { return sets(each, "", setting, words) && each[0] != ' '; });
  // A line that begins with a blank goes on with the one before.
  if (line != lines.end())
    while (line + 1 != lines.end() && !(line + 1)->empty() &&
           blanks.find((line + 1)->front()) != std::string_view::npos) {
      words += " " + trimmed(*(line + 1), blanks);
      lines.erase(line + 1);
    }
  for (const auto& [name, value] : variables) {
    const auto at = words.find(name + "=");
    std::string old;
    if (at != std::string::npos) {
      const auto end = std::min(words.find_first_of(blanks, at), words.size());
      old = words.substr(at + name.size() + 1, end - at - name.size() - 1);
      words.erase(at, end - at);
    }
    words = trimmed(words, blanks) + fmt::format(" {}={}", name, name == preload ? merge_preload({value}, old) : value);
  }
  const std::string whole = fmt::format("{} = {}", setting, words);
  if (line != lines.end())
    *line = whole;
  else
    lines.push_back(whole);
  return joined(lines);
}

}  // namespace neap
