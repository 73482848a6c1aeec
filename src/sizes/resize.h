// When an object whose size changes keeps its place, and what it is given when it moves.
#pragma once

#include <cstddef>

#include "sizes/size_class.h"

namespace neap {

// A small object keeps its place while the new size uses at least 3/4 of it.
constexpr bool fits_well(std::size_t size, std::size_t usable) { return size <= usable && size >= usable - usable / 4; }

// How much to ask for when an object is to grow to `size`. One that grows by less than an eighth grows step by step,
// and gets an eighth more for the steps to come; otherwise each step would move it.
constexpr std::size_t size_with_steps(std::size_t used, std::size_t size) {
  const bool in_steps = size > used && size - used < used / 8 && size <= kLargestSmall / 2;
  return in_steps ? size + size / 8 : size;
}

}  // namespace neap
