#include "tool/fill/heap_fill.h"

#include <algorithm>

namespace neap {

FillSums sum_of(const HeapFill& fill, std::uint64_t page_size) {
  FillSums sums;
  for (const HeapPiece& piece : fill.pieces)
    for (const PageFill& page : piece.pages) {
      sums.swapped += page.state == page_swapped ? page_size : 0;
      if (page.state != page_present) {
        sums.returned += page_size;
        continue;
      }
      const std::uint64_t live = std::min<std::uint64_t>(page.live, page_size), unused = page_size - live;
      ++sums.pages;
      sums.resident += page_size;
      sums.live_resident += live;
      if (live == 0) {
        sums.empty += unused;
      } else if (live < page_size / sparse_below) {
        sums.sparse += unused;
        ++sums.sparse_pages;
      } else {
        sums.dense += unused;
      }
    }
  return sums;
}

}  // namespace neap
