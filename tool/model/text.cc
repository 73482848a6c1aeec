#include "tool/model/text.h"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace neap {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = true;  // otherwise `code` is one byte that belongs to no character
};

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The first character of a text that is not empty, as RFC 3629 has it: no overlong form, no half of a surrogate pair.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  const Character broken{lead, 1, false};
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return broken;
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if (!continues(byte(at))) return broken;
    code = code << 6 | (byte(at) & 0x3Fu);
  }
  const bool overlong = code < (length == 2 ? 0x80u : length == 3 ? 0x800u : 0x10000u);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return broken;
  return {code, length, true};
}

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Marks that change the order in which the text behind them is shown, and separators that end a line.
bool turns_the_line(std::uint32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
         code == 0x2028 || code == 0x2029 || code == 0x061C;
}

std::string visible(const Character& character) {
  return character.code < 0x100 ? fmt::format("\\x{:02x}", character.code)
                                : fmt::format("\\u{{{:04x}}}", character.code);
}

template <class Hidden>
std::string rewritten(std::string_view text, Hidden hidden) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_of(text);
    if (!character.valid || hidden(character.code))
      out += visible(character);
    else
      out += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::size_t width_of(const Character& character) {
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (character.code < 0x80 || unicode == nullptr) return 1;
  const locale_t before = ::uselocale(unicode);
  const int width = ::wcwidth(static_cast<wchar_t>(character.code));
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::string as_utf8(std::string_view text) {
  return rewritten(text, [](std::uint32_t) { return false; });
}

std::string printable(std::string_view text, bool lines) {
  return rewritten(text, [lines](std::uint32_t code) {
    if (lines && (code == '\n' || code == '\t')) return false;
    return is_control(code) || turns_the_line(code);
  });
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    width += width_of(character);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::size_t bytes_within(std::string_view text, std::size_t columns) {
  std::size_t width = 0, end = 0;
  while (end < text.size()) {
    const Character character = first_of(text.substr(end));
    width += width_of(character);
    if (width > columns) break;
    end += character.bytes;
  }
  return end;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  constexpr std::string_view dots = "...";
  const std::size_t end = bytes_within(text, columns - std::min(columns, dots.size()));
  return std::string(text.substr(0, end)) + std::string(dots.substr(0, columns));
}

std::string shorten_name(std::string_view name, std::size_t columns) {
  const auto slash = name.rfind('/');
  if (width_of(name) <= columns || slash == std::string_view::npos) return cut_to(name, columns);
  const std::string_view file = name.substr(slash + 1);
  constexpr std::string_view dots = ".../";
  if (width_of(file) + dots.size() <= columns) return std::string(dots) + std::string(file);
  return cut_to(file, columns);
}

void tell(std::string_view text) { fmt::print(stderr, "neap: {}\n", printable(text)); }

}  // namespace neap
