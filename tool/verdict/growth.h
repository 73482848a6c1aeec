// Growth: what grew while one watched, as slopes over all looks.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tool/model/slope.h"
#include "tool/verdict/look.h"

namespace neap {

struct GrowthPoint {
  double at = 0;  // seconds
  double resident = 0, live = 0, waste = 0, others = 0;
};
GrowthPoint growth_point(const Look& look, double at);

enum class GrowthKind : std::uint8_t {
  none,           // resident memory does not grow
  filling,        // nor does it here, but live memory grows into what was free
  leak,           // live memory grows, and resident memory with it
  fragmentation,  // free memory that stays resident grows
  both,
  elsewhere,  // resident memory grows outside of every heap that neap reads
};
const char* name_of(GrowthKind kind);

struct Growth {
  GrowthKind kind = GrowthKind::none;
  Slope resident, live, waste, others;
  double seconds = 0;
  std::size_t looks = 0;
  std::string sentence;
};

// Three looks or more.
Growth judge_growth(const std::vector<GrowthPoint>& points);

}  // namespace neap
