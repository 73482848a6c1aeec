// One colour per label, the same in SVG, PNG and HTML: known allocators always have theirs, others take the next free.
#pragma once
#include <string>
#include <vector>

namespace neap {

struct LineColour {
  std::string light;  // on white
  std::string dark;   // on near-black
};

std::vector<LineColour> colours_of(const std::vector<std::string>& labels);

}  // namespace neap
