// A variable in the text of a configuration file: the same line replaced where the file has one, else a line more.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace neap {

using Variables = std::vector<std::pair<std::string, std::string>>;

// "NAME = 'value'", of an existing line or a new one at the end.
std::string with_postgresql_lines(const std::string& now, const Variables& variables);
// "export NAME='value'", at the end.
std::string with_shell_lines(const std::string& now, const Variables& variables);
// "NAME=value", before the first job.
std::string with_crontab_lines(const std::string& now, const Variables& variables);
// Words of `import_environment = ...` of Postfix, which has `usual` where the file says nothing.
std::string with_postfix_words(const std::string& now, const std::string& usual, const Variables& variables);

}  // namespace neap
