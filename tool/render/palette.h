// One colour and one dash per label, the same in SVG, PNG and HTML: known allocators always have theirs, others take
// the next free. Any two differ for people who do not see red, green or blue too (tests/tool/render/test_charts.py
// simulates them), and where all colours are gone, in print, the dash is left.
#pragma once
#include <string>
#include <vector>

namespace neap {

struct LineStyle {
  std::string light;      // on white
  std::string dark;       // on near-black
  std::vector<int> dash;  // lengths of strokes and gaps; empty: an unbroken line
};

std::vector<LineStyle> styles_of(const std::vector<std::string>& labels);

}  // namespace neap
