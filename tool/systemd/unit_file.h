// The text of unit files and of environment files, as systemd reads them (systemd.syntax(7), systemd.exec(5)): as much
// of it as neap needs to know where a variable of a service comes from. Pure: text in, values out.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neap {

using Variable = std::pair<std::string, std::string>;  // name, value

// "Key=value" lines of the [Service] section, in order, continuation lines joined. Specifiers stay as written.
std::vector<Variable> service_settings(std::string_view text);

// A value split at blanks outside quotes, quotes and backslashes taken away.
std::vector<std::string> split_words(std::string_view value);

// A word as it has to be written to be read back by split_words as it is.
std::string quoted_word(std::string_view word);

// Where systemd reads a pattern, a backslash stands for the letter behind it; names of units have some ("a\x2db").
std::string literal_backslashes(std::string_view text);

// Lines of an EnvironmentFile=. A later one of the same name wins, as in systemd.
std::vector<Variable> environment_file_variables(std::string_view text);

// NAME="value" for such a file.
std::string environment_file_line(const Variable& variable);

}  // namespace neap
