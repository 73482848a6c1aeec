// The heap as a picture: squares in order of addresses, arena by arena, each for the same number of pages, coloured by
// how much of them is live. One look, or two of the same program side by side on one scale.
#pragma once
#include <string>
#include <vector>

#include "tool/verdict/look.h"

namespace neap {

struct NamedLook {
  std::string title;  // "before"
  Look look;
};

std::string heap_map_svg(const std::vector<NamedLook>& looks);

}  // namespace neap
