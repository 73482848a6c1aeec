#include "tool/fill/layout_model.h"

#include <algorithm>
#include <cmath>

namespace neap {
namespace {

constexpr std::uint64_t window_shift = 16;
constexpr double page = 4096, rounding = 1.05;  // what size classes add

}  // namespace

void LayoutModel::add(std::uint64_t address, std::uint64_t size) {
  if (address >> window_shift != window_) close();
  window_ = address >> window_shift;
  live_ += size;
  if (static_cast<double>(size) >= page)
    bytes_ += static_cast<double>(size) * rounding;
  else
    sizes_.push_back(static_cast<std::uint32_t>(size));
}

// A page of n objects, each alive with probability q, is kept by any of them: (1 - (1 - q)^n) / (n q) of it for each.
void LayoutModel::close() {
  const double q = std::clamp(static_cast<double>(live_) / (1 << window_shift), 1e-6, 1.0);
  for (const std::uint32_t size : sizes_) {
    const double bytes = size * rounding;
    bytes_ += std::min(page, bytes / q * (1 - std::pow(1 - q, page / bytes)));
  }
  sizes_.clear();
  live_ = 0;
}

double LayoutModel::bytes() {
  close();
  return bytes_;
}

}  // namespace neap
