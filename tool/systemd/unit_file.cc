#include "tool/systemd/unit_file.h"

namespace neap {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(blanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_comment(std::string_view line) { return line.empty() || line[0] == '#' || line[0] == ';'; }

// Takes one logical line: comments between continued lines are dropped, and a backslash at an end becomes a blank.
std::string take_logical_line(std::string_view& text) {
  std::string whole;
  while (!text.empty()) {
    const std::string_view line = trimmed(take_line(text));
    if (is_comment(line)) {
      if (whole.empty()) return {};
      continue;
    }
    whole += line;
    if (!whole.ends_with('\\')) return whole;
    whole.back() = ' ';
  }
  return whole;
}

struct Escape {
  char letter;
  char meaning;
};
constexpr Escape escapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'},  {'n', '\n'}, {'r', '\r'}, {'t', '\t'},
                              {'v', '\v'}, {'s', ' '},  {'\\', '\\'}, {'"', '"'},  {'\'', '\''}};

// The character behind a backslash at `at`; moves `at` past it. Numbers: \xHH and \OOO.
std::string unescape(std::string_view text, std::size_t& at) {
  const char letter = text[at];
  const bool hexadecimal = letter == 'x';
  if (hexadecimal || (letter >= '0' && letter <= '7')) {
    const std::string digits(text.substr(hexadecimal ? at + 1 : at, hexadecimal ? 2 : 3));
    std::size_t used = 0;
    try {
      const int code = std::stoi(digits, &used, hexadecimal ? 16 : 8);
      at += used + (hexadecimal ? 1 : 0);
      return {static_cast<char>(code)};
    } catch (const std::exception&) {
      return {};
    }
  }
  ++at;
  for (const Escape& escape : escapes)
    if (escape.letter == letter) return {escape.meaning};
  return {'\\', letter};
}

// Escapes of a double-quoted value in an environment file: only these lose their backslash.
bool loses_backslash(char letter) { return letter == '"' || letter == '\\' || letter == '`' || letter == '$'; }

// The value at the start of `text`, up to the end of its line; quotes may hold line ends.
std::string take_value(std::string_view& text) {
  std::string value;
  char quote = 0;
  std::size_t solid = 0;  // trailing blanks outside quotes do not count
  std::size_t at = 0;
  while (at < text.size() && (quote != 0 || text[at] != '\n')) {
    const char letter = text[at++];
    if (quote == 0 && (letter == '"' || letter == '\'')) {
      quote = letter;
      solid = value.size();
    } else if (letter == quote && quote != 0) {
      quote = 0;
      solid = value.size();
    } else if (letter == '\\' && quote != '\'' && at < text.size()) {
      const char next = text[at++];
      if (next != '\n') {
        if (quote == '"' && !loses_backslash(next)) value += letter;
        value += next;
      }
      solid = value.size();
    } else {
      value += letter;
      if (quote != 0 || blanks.find(letter) == std::string_view::npos) solid = value.size();
    }
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  value.resize(solid);
  return value;
}

}  // namespace

std::vector<Variable> service_settings(std::string_view text) {
  std::vector<Variable> settings;
  bool in_service = false;
  while (!text.empty()) {
    const std::string line = take_logical_line(text);
    if (line.empty()) continue;
    if (line[0] == '[') {
      in_service = line == "[Service]";
      continue;
    }
    const auto equals = line.find('=');
    if (!in_service || equals == std::string::npos) continue;
    const std::string_view whole = line;
    settings.emplace_back(trimmed(whole.substr(0, equals)), trimmed(whole.substr(equals + 1)));
  }
  return settings;
}

std::vector<std::string> split_words(std::string_view value) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (std::size_t at = 0; at < value.size();) {
    const char letter = value[at++];
    if (quote == 0 && blanks.find(letter) != std::string_view::npos) {
      if (inside) words.push_back(std::move(word));
      word.clear();
      inside = false;
      continue;
    }
    inside = true;
    if (quote == 0 && (letter == '"' || letter == '\''))
      quote = letter;
    else if (letter == quote && quote != 0)
      quote = 0;
    else if (letter == '\\' && at < value.size())
      word += unescape(value, at);
    else
      word += letter;
  }
  if (inside) words.push_back(std::move(word));
  return words;
}

std::string quoted_word(std::string_view word) {
  std::string text = "\"";
  for (const char letter : word) {
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + '"';
}

std::string literal_backslashes(std::string_view text) {
  std::string literal;
  for (const char letter : text) literal.append(letter == '\\' ? 2 : 1, letter);
  return literal;
}

std::vector<Variable> environment_file_variables(std::string_view text) {
  std::vector<Variable> variables;
  while (!text.empty()) {
    const auto start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const auto equals = text.find('=');
    const auto end = text.find('\n');
    if (is_comment(text) || equals == std::string_view::npos || end < equals) {
      take_line(text);
      continue;
    }
    const std::string name(trimmed(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
    variables.emplace_back(name, take_value(text));
  }
  return variables;
}

std::string environment_file_line(const Variable& variable) {
  std::string line = variable.first + "=\"";
  for (const char letter : variable.second) {
    if (loses_backslash(letter)) line += '\\';
    line += letter;
  }
  return line + "\"\n";
}

}  // namespace neap
