#include "tool/render/palette.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace neap {
namespace {

struct Known {
  std::string_view label;
  LineColour colour;
};

const std::array known{
    Known{"neap", {"#0d9488", "#2dd4bf"}},     Known{"libc", {"#64748b", "#94a3b8"}},
    Known{"glibc", {"#64748b", "#94a3b8"}},    Known{"jemalloc", {"#d97706", "#fbbf24"}},
    Known{"mimalloc", {"#7c3aed", "#a78bfa"}}, Known{"tcmalloc", {"#2563eb", "#60a5fa"}},
    Known{"scudo", {"#be123c", "#fb7185"}},
};

const std::array free_colours{
    LineColour{"#334155", "#cbd5e1"}, LineColour{"#c2410c", "#fdba74"}, LineColour{"#15803d", "#4ade80"},
    LineColour{"#a21caf", "#e879f9"}, LineColour{"#0369a1", "#38bdf8"}, LineColour{"#854d0e", "#facc15"},
    LineColour{"#4d7c0f", "#a3e635"}, LineColour{"#9f1239", "#fda4af"},
};

}  // namespace

std::vector<LineColour> colours_of(const std::vector<std::string>& labels) {
  std::vector<LineColour> colours;
  std::size_t next_free = 0;
  for (const std::string& label : labels) {
    const auto row = std::find_if(known.begin(), known.end(), [&](const Known& each) { return each.label == label; });
    colours.push_back(row != known.end() ? row->colour : free_colours[next_free++ % free_colours.size()]);
  }
  return colours;
}

}  // namespace neap
