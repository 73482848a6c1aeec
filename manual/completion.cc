#include "manual/completion.h"

#include <algorithm>

namespace neap::manual {

const Candidates& candidates_of(Values values) {
  return *std::find_if(candidates_table.begin(), candidates_table.end(),
                       [values](const Candidates& each) { return each.values == values; });
}

std::string quoted(const std::string& text) {
  std::string all = "'";
  for (const char letter : text) {
    if (letter == '\'')
      all += "'\\''";
    else
      all += letter;
  }
  return all + "'";
}

std::string short_help(const std::string& text) {
  const std::size_t line = text.find('\n');
  const std::size_t sentence = text.find(". ");
  return text.substr(0, std::min(line, sentence));
}

}  // namespace neap::manual
