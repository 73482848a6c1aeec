#include "tool/change/edit.h"

#include <algorithm>

namespace neap {
namespace {

std::string_view last_line(std::string_view text) {
  const auto end = text.find_last_of('\n', text.size() < 2 ? std::string_view::npos : text.size() - 2);
  return text.size() < 2 || end == std::string_view::npos ? text : text.substr(end + 1);
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
}

}  // namespace

Difference difference(std::string_view before, std::string_view after) {
  while (!before.empty() && !after.empty() && first_line(before) == first_line(after)) {
    const std::size_t length = first_line(before).size();
    before.remove_prefix(length);
    after.remove_prefix(length);
  }
  while (!before.empty() && !after.empty() && last_line(before) == last_line(after)) {
    const std::size_t length = last_line(before).size();
    before.remove_suffix(length);
    after.remove_suffix(length);
  }
  return {before, after};
}

std::optional<std::string> undo_edit(std::string_view before, std::string_view after, const std::string& now) {
  const Difference edit = difference(before, after);
  const auto at = edit.after.empty() ? std::string::npos : now.find(edit.after);
  if (at == std::string::npos || now.find(edit.after, at + 1) != std::string::npos) return std::nullopt;
  if (at > 0 && now[at - 1] != '\n') return std::nullopt;
  return now.substr(0, at) + std::string(edit.before) + now.substr(at + edit.after.size());
}

}  // namespace neap
