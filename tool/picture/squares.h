// Squares: pages summed up for a picture. What a square can be is one table, from which colours and legend derive.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "tool/verdict/look.h"

namespace neap {

enum class SquareKind : std::uint8_t { returned, swapped, empty, sparse, quarter, half, full, mapped };

struct SquareLook {
  SquareKind kind;
  const char* name;  // class in the picture
  const char* legend;
  const char* light;  // colour on white
  const char* dark;   // on near-black
};

inline constexpr std::array square_looks = {
    SquareLook{SquareKind::returned, "returned", "addresses without memory: returned, or never used", "#eceff1",
               "#263238"},
    SquareLook{SquareKind::swapped, "swapped", "swapped out", "#b39ddb", "#5e35b1"},
    SquareLook{SquareKind::empty, "empty", "resident and wholly free: a trim returns most of it", "#ffb74d", "#fb8c00"},
    SquareLook{SquareKind::sparse, "sparse", "less than a quarter live: a few objects keep it", "#e53935", "#ef5350"},
    SquareLook{SquareKind::quarter, "quarter", "less than half live", "#f48fb1", "#ad1457"},
    SquareLook{SquareKind::half, "half", "less than three quarters live", "#a5d6a7", "#66bb6a"},
    SquareLook{SquareKind::full, "full", "three quarters live or more", "#2e7d32", "#2e7d32"},
    SquareLook{SquareKind::mapped, "mapped", "objects with a mapping of their own", "#1e88e5", "#1565c0"},
};

struct SquareGroup {
  std::string title;  // of an arena
  std::vector<SquareKind> squares;
};

// Pages for a square, so that the pictures of all looks have at most `most` squares each.
std::uint64_t pages_for_square(const std::vector<const Look*>& looks, std::uint64_t most);

// By arena, the largest first; arenas beyond the first dozen are one group.
std::vector<SquareGroup> squares_of(const Look& look, std::uint64_t pages_a_square);

}  // namespace neap
