// Bootstrap: how far a mean over a few instances can be trusted. Percentile intervals over resampled instances (Efron
// 1979), widened by sqrt(n / (n - 1)) since resampling sees too little spread in small groups. The seed is fixed: the
// same data gives the same interval.
#pragma once
#include <cstddef>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

class Bootstrap {
 public:
  explicit Bootstrap(std::size_t resamples) : resamples_(resamples) {}

  // `values`: one for each instance, at least one.
  Estimate mean(const std::vector<double>& values) const;
  // The mean of `over` divided by that of `under`, whose mean has to be above zero.
  Estimate ratio(const std::vector<double>& over, const std::vector<double>& under) const;

 private:
  std::size_t resamples_;
};

}  // namespace neap
