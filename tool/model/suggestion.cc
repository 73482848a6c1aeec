#include "tool/model/suggestion.h"

#include <algorithm>
#include <numeric>

namespace neap {
namespace {

// Letters put in, left out, changed, or swapped with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_before, before(b.size() + 1), row(b.size() + 1);
  std::iota(before.begin(), before.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
    two_before = before;
    before = row;
  }
  return before[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view written, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t least = 1 + written.size() / 3;  // more slips than that make another word
  for (const std::string& word : known) {
    const std::size_t found = distance(written, word);
    if (found < least || (found == least && nearest.empty() && found < written.size())) nearest = word, least = found;
  }
  return nearest;
}

std::string did_you_mean(std::string_view written, const std::vector<std::string>& known) {
  const std::string word = nearest_word(written, known);
  return word.empty() ? std::string() : "; did you mean " + word + "?";
}

}  // namespace neap
