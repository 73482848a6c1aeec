// Edits of files that are somebody else's: a few lines among theirs. What neap put there can be taken out again
// although the rest of the file was changed since.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace neap {

// Where two texts differ, in whole lines: equal lines at their start and end are left out.
struct Difference {
  std::string_view before, after;
};
Difference difference(std::string_view before, std::string_view after);

// `now` with the edit from `before` to `after` undone; empty when what the edit put there is not in it, or more than
// once.
std::optional<std::string> undo_edit(std::string_view before, std::string_view after, const std::string& now);

}  // namespace neap
