#include "tool/checks/apparmor_glob.h"

#include <string>

namespace neap {
namespace {

bool fits_either(std::string_view pattern, std::string_view path) {
  std::size_t depth = 0, end = 0;
  for (end = 0; end < pattern.size(); ++end) {
    if (pattern[end] == '{') ++depth;
    if (pattern[end] == '}' && --depth == 0) break;
  }
  if (end == pattern.size()) return false;
  const std::string rest(pattern.substr(end + 1));
  for (std::size_t start = 1; start <= end;) {
    std::size_t stop = start, inner = 0;
    while (stop < end && !(pattern[stop] == ',' && inner == 0)) {
      if (pattern[stop] == '{') ++inner;
      if (pattern[stop] == '}') --inner;
      ++stop;
    }
    if (fits_glob(std::string(pattern.substr(start, stop - start)) + rest, path)) return true;
    start = stop + 1;
  }
  return false;
}

bool in_set(std::string_view set, char letter) {
  const bool inverted = set.starts_with('^');
  if (inverted) set.remove_prefix(1);
  for (std::size_t at = 0; at < set.size(); ++at) {
    const bool range = at + 2 < set.size() && set[at + 1] == '-';
    if (range ? letter >= set[at] && letter <= set[at + 2] : letter == set[at]) return !inverted;
    if (range) at += 2;
  }
  return inverted;
}

}  // namespace

bool fits_glob(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern[0] == '{') return fits_either(pattern, path);
    if (pattern.starts_with("//")) {  // of a variable whose value ends in one
      pattern.remove_prefix(1);
      continue;
    }
    if (pattern[0] == '*') {
      const bool across = pattern.starts_with("**");
      pattern.remove_prefix(across ? 2 : 1);
      for (std::size_t taken = 0; taken <= path.size(); ++taken) {
        if (fits_glob(pattern, path.substr(taken))) return true;
        if (taken < path.size() && path[taken] == '/' && !across) return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (const auto close = pattern.find(']'); pattern[0] == '[' && close != std::string_view::npos) {
      if (path[0] == '/' || !in_set(pattern.substr(1, close - 1), path[0])) return false;
      pattern.remove_prefix(close + 1);
    } else {
      if (pattern[0] == '?' ? path[0] == '/' : pattern[0] != path[0]) return false;
      pattern.remove_prefix(1);
    }
    path.remove_prefix(1);
  }
  return path.empty();
}

}  // namespace neap
