#include "tool/render/palette.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace neap {
namespace {

struct Known {
  std::string_view label;
  LineStyle style;
};

const std::array known{
    Known{"neap", {"#0d9488", "#2dd4bf", {}}},
    Known{"libc", {"#64748b", "#94a3b8", {9, 4}}},
    Known{"glibc", {"#64748b", "#94a3b8", {9, 4}}},
    Known{"jemalloc", {"#d97706", "#fbbf24", {15, 4}}},
    Known{"mimalloc", {"#a90cf7", "#a90cf7", {9, 3, 2, 3}}},
    Known{"tcmalloc", {"#1f1f3f", "#46698c", {5, 3}}},
    Known{"scudo", {"#b20808", "#b2422c", {15, 3, 2, 3}}},
};

// Lines take these styles one after the other. Further lines take the same colours with the next dash.
const std::array free_styles{
    LineStyle{"#8c7446", "#b9f77b", {}},
    LineStyle{"#d836d8", "#d836d8", {7, 4}},
    LineStyle{"#3f1703", "#d88736", {12, 4}},
    LineStyle{"#5f078c", "#59b268", {7, 3, 2, 3}},
};
const std::array more_dashes{std::vector{4, 4}, std::vector{12, 3, 4, 3}, std::vector{3, 3, 9, 3}, std::vector{20, 5}};

LineStyle free_style(std::size_t number) {
  LineStyle style = free_styles[number % free_styles.size()];
  const std::size_t round = number / free_styles.size();
  if (round > 0) style.dash = more_dashes[(number + round) % more_dashes.size()];
  return style;
}

}  // namespace

std::vector<LineStyle> styles_of(const std::vector<std::string>& labels) {
  std::vector<LineStyle> styles;
  std::size_t next_free = 0;
  for (const std::string& label : labels) {
    const auto row = std::find_if(known.begin(), known.end(), [&](const Known& each) { return each.label == label; });
    styles.push_back(row != known.end() ? row->style : free_style(next_free++));
  }
  return styles;
}

}  // namespace neap
