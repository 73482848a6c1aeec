// Sites: what the samples say of each place that made objects: live bytes, objects, and the memory that they pin.
//
// Pinned: on a resident page that is less than a quarter live, a few objects keep the free rest, its excess. The excess
// is shared among the objects that overlap the page. A sample counts with its share times its weight. The error is that
// of the sampling.
#pragma once
#include <string>
#include <vector>

#include "tool/fill/heap_fill.h"
#include "tool/profile/sample_table.h"
#include "tool/profile/symbols.h"

namespace neap {

struct Site {
  std::vector<std::string> frames;  // innermost first
  double live = 0, objects = 0;     // bytes, number
  double pinned = 0, variance = 0;  // bytes, bytes squared
  double made = 0;                  // bytes ever, estimated
  std::size_t samples = 0;
  double error() const;
};

struct Sites {
  std::vector<Site> all;  // by their whole stacks
  double live = 0, objects = 0, pinned = 0;
  double exact_pinned = 0;  // the excess of all sparse pages, from the walk
};

// With no `heaps` nothing is pinned.
Sites sites_of(const SampleTable& table, Symbols& symbols, const std::vector<HeapFill>& heaps, std::uint64_t page_size);

// Sites whose innermost frames are the same, added up; largest `value` first.
std::vector<Site> by_innermost(const Sites& sites, std::size_t frames, double Site::*value);

}  // namespace neap
