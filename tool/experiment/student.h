// Student's t for whole degrees of freedom, and the normal distribution: what intervals and levels are made of.
#pragma once
#include <cstddef>

namespace neap {

double normal_below(double z);
double normal_quantile(double below);  // of a half and more

// Probability that |T| < t: the finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
double student_within(double t, std::size_t degrees);

// The t with student_within(t) = level.
double student_quantile(double level, std::size_t degrees);

}  // namespace neap
