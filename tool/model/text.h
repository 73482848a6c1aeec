// Text from outside: names of programs, units and files, command lines, labels. It may be any bytes, and is shown to
// people, to terminals and to readers of JSON and XML, who take valid UTF-8 alone. Every text that is printed comes
// through here.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace neap {

// Valid UTF-8: a byte that belongs to no character becomes "\xNN". Control characters stay.
std::string as_utf8(std::string_view text);

// As a terminal may show it: of valid UTF-8, with no control character and none that turns the direction of writing:
// these become "\xNN" and "\u{NNNN}". Line ends and tabs stay where `lines` says so.
std::string printable(std::string_view text, bool lines = false);

// Columns on a screen: a Chinese character takes two, a combining one none.
std::size_t width_of(std::string_view text);

// Bytes of the text's beginning that fit into so many columns. Never half a character.
std::size_t bytes_within(std::string_view text, std::size_t columns);

// The text itself, or as much of its beginning as fits before "..." into so many columns. Never half a character.
std::string cut_to(std::string_view text, std::size_t columns);

// The same for a name that may be a path, whose end tells more than its beginning.
std::string shorten_name(std::string_view name, std::size_t columns);

// One line on stderr, "neap: TEXT".
void tell(std::string_view text);

}  // namespace neap
