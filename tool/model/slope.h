// Slope: how fast a value rises over time, as the median over all pairs of looks (Theil and Sen), with the interval
// that Kendall's test gives for 95%: a look that fell into a peak moves neither. The one slope of this program.
#pragma once
#include <vector>

namespace neap {

struct SlopePoint {
  double at = 0;  // seconds
  double value = 0;
};

struct Slope {
  double median = 0, low = 0, high = 0;  // of the value, a second
  bool rises() const { return low > 0; }
};

// All zeros where no two points lie apart. It takes time as the square of their number.
Slope slope_of(const std::vector<SlopePoint>& points);

}  // namespace neap
