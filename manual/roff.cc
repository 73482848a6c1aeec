#include "manual/roff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace neap::manual {
namespace {

// Characters that troff would turn into typographic ones, and the backslash, which begins troff's escapes.
constexpr std::array<std::pair<char, std::string_view>, 6> letters = {{
    {'\\', "\\e"},
    {'-', "\\-"},
    {'\'', "\\(aq"},
    {'`', "\\(ga"},
    {'~', "\\(ti"},
    {'^', "\\(ha"},
}};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

std::string upper(std::string_view text) {
  std::string capitals(text);
  for (char& letter : capitals) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return capitals;
}

}  // namespace

std::string escape_roff(std::string_view text) {
  std::string escaped;
  if (!text.empty() && (text.front() == '.' || text.front() == '\'')) escaped = "\\&";
  for (const char letter : text) {
    const auto* found =
        std::find_if(letters.begin(), letters.end(), [&](const auto& pair) { return pair.first == letter; });
    if (found == letters.end())
      escaped += letter;
    else
      escaped += found->second;
  }
  return escaped;
}

std::string bold(std::string_view text) { return "\\fB" + escape_roff(text) + "\\fP"; }
std::string italic(std::string_view text) { return "\\fI" + escape_roff(text) + "\\fP"; }

Roff::Roff(const Title& title) {
  text_ =
      fmt::format(".\\\" Written by neap-manual from the command's own tables.\n.TH {} {} {} \"{}\" \"neap manual\"\n",
                  upper(title.name), title.section, title.date, title.source);
  text_ += fmt::format(".SH NAME\n{} \\- {}\n", escape_roff(title.name), escape_roff(title.summary));
}

void Roff::section(std::string_view name) {
  text_ += fmt::format(".SH {}\n", upper(name));
  at_heading_ = true;
}

void Roff::part(std::string_view name) {
  text_ += fmt::format(".SS \"{}\"\n", escape_roff(name));
  at_heading_ = true;
}

void Roff::paragraph() {
  if (!at_heading_) text_ += ".PP\n";
  at_heading_ = false;
}

void Roff::prose(std::string_view text) {
  bool kept = false;
  bool parted = true;
  for (const std::string_view line : lines_of(text)) {
    const bool keep = line.starts_with("  ") && !is_blank(line);
    if (kept && !keep) text_ += ".EE\n", parted = true;
    if (is_blank(line)) {
      parted = true;
      kept = false;
      continue;
    }
    if (parted || keep != kept) paragraph();
    if (keep && !kept) text_ += ".EX\n";
    text_ += escape_roff(keep ? line.substr(2) : line) + "\n";
    kept = keep;
    parted = false;
  }
  if (kept) text_ += ".EE\n";
}

void Roff::line(const std::string& roff) {
  paragraph();
  text_ += roff + "\n";
}

void Roff::item(const std::string& term, std::string_view text) {
  text_ += ".TP\n" + term + "\n";
  text_ += text.empty() ? std::string("\\&\n") : escape_roff(text) + "\n";
  at_heading_ = false;
}

}  // namespace neap::manual
