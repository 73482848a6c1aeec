#include "pages/dirty_fit.h"

#include <algorithm>

namespace neap {
namespace {

// A place counts only when more than one in this many of its blocks is dirty; otherwise the lowest free place serves.
// Objects would else lie far up for the sake of a single page.
constexpr std::size_t kMinShare = 8;

// How many stretches are looked at. For a larger object it is more of them, as its pages cost more than the search; and
// fewer the more bits each look reads, so that a search ends within some microseconds.
constexpr std::size_t kLooksPerBlock = 16, kMaxLooks = 256, kMaxWork = 4096;
constexpr std::size_t looks_for(std::size_t blocks, std::size_t used) {
  const std::size_t affordable = std::min(kMaxLooks, kMaxWork / (8 + blocks / 16));
  return std::max(std::size_t{1}, std::min(used * kLooksPerBlock, affordable));
}

// How far above the lowest stretch others are looked for, in blocks: 16 GiB of addresses.
constexpr std::size_t kFarthest = std::size_t{1} << 18;

}  // namespace

DirtyFit::DirtyFit(std::size_t blocks, std::size_t used)
    : blocks_(blocks), used_(used), looks_(looks_for(blocks, used)), dirty_(used / kMinShare) {}

bool DirtyFit::look_at(const FreeRuns& runs, const bits::Word* dirty, std::size_t from, std::size_t end) {
  bool better = false;
  end = std::min(end, from + kFarthest);
  for (std::size_t begin = bits::find(dirty, from, end, true); begin < end && looks_ > 0; --looks_) {
    const std::size_t behind = bits::find(dirty, begin, end, false);
    if (may_be_better(dirty, begin, behind, end)) better = look_around(runs, dirty, begin, behind) || better;
    if (is_perfect()) looks_ = 1;
    begin = bits::find(dirty, behind, end, true);
  }
  return better;
}

// Whether any place at this stretch could be better, by the dirty blocks within its reach.
bool DirtyFit::may_be_better(const bits::Word* dirty, std::size_t begin, std::size_t behind, std::size_t end) const {
  if (behind - begin >= used_) return true;
  const std::size_t reach = used_ - 1, to = std::min(behind + reach, end);
  return bits::count(dirty, begin - std::min(begin, reach), to) >= std::max(dirty_, std::size_t{1});
}

bool DirtyFit::look_around(const FreeRuns& runs, const bits::Word* dirty, std::size_t begin, std::size_t behind) {
  const std::size_t low = runs.begin_of_free(begin, blocks_), high = runs.end_of_free(behind, blocks_);
  if (high - low < blocks_) return false;
  const std::size_t last = high - blocks_, left = last - low;
  const std::size_t places[] = {std::min(begin, last), std::min(behind > low + used_ ? behind - used_ : low, last)};
  bool better = false;
  for (const std::size_t place : places) {
    const std::size_t here = bits::count(dirty, place, place + used_);
    if (here < dirty_ || (here == dirty_ && left >= left_)) continue;
    dirty_ = here;
    left_ = left;
    place_ = place;
    better = true;
  }
  return better;
}

}  // namespace neap
