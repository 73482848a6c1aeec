// The word that was meant: for names of verbs, options and allocators that do not exist.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neap {

// The nearest of the known words, when it is near enough to be a slip; otherwise empty.
std::string nearest_word(std::string_view written, const std::vector<std::string>& known);

// "; did you mean X?", or nothing.
std::string did_you_mean(std::string_view written, const std::vector<std::string>& known);

}  // namespace neap
