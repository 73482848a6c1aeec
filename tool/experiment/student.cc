#include "tool/experiment/student.h"

#include <cmath>
#include <numbers>

namespace neap {
namespace {

// The x above zero at which a rising function reaches `level`.
template <class Function>
double inverse(Function function, double level) {
  double low = 0, high = 1;
  while (function(high) < level) high *= 2;
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = (low + high) / 2;
    (function(middle) < level ? low : high) = middle;
  }
  return high;
}

}  // namespace

double normal_below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double student_within(double t, std::size_t degrees) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const bool odd = degrees % 2 == 1;
  double sum = 0, term = odd ? cosine : 1;  // of cosine's powers, up to degrees - 2
  for (std::size_t power = odd ? 1 : 0; power + 2 <= degrees; power += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(power + 1) / static_cast<double>(power + 2);
  }
  return odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

double normal_quantile(double below) { return inverse(normal_below, below); }

double student_quantile(double level, std::size_t degrees) {
  return inverse([degrees](double t) { return student_within(t, degrees); }, level);
}

}  // namespace neap
