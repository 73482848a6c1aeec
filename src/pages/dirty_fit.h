// DirtyFit: finds the place for a run of blocks at which most of them are dirty, so that memory which is there already
// is used before any other is asked for. It looks at the places that begin or end with a stretch of dirty blocks. Of
// equal ones it takes the one that leaves least of its free run, because long runs serve long objects.
//
// A search looks at a bounded number of stretches, the lowest ones. Called under the page heap's lock.
#pragma once

#include <cstddef>

#include "base/bits.h"
#include "pages/free_runs.h"

namespace neap {

class DirtyFit {
 public:
  // For `blocks` blocks, of which the first `used` are in use.
  DirtyFit(std::size_t blocks, std::size_t used);

  // Looks at the dirty blocks of a chunk that lie in [from, end), all of which are free. True when it found a place
  // that is better than all before.
  bool look_at(const FreeRuns& runs, const bits::Word* dirty, std::size_t from, std::size_t end);

  std::size_t place() const { return place_; }  // in the chunk for which look_at was true last

 private:
  bool may_be_better(const bits::Word* dirty, std::size_t begin, std::size_t behind, std::size_t end) const;
  bool look_around(const FreeRuns& runs, const bits::Word* dirty, std::size_t begin, std::size_t behind);
  bool is_perfect() const { return dirty_ == used_ && left_ == 0; }

  std::size_t blocks_, used_, looks_;
  std::size_t dirty_;  // how many blocks of the best place are dirty; at first, how many a place has to exceed
  std::size_t left_ = 0;
  std::size_t place_ = 0;
};

}  // namespace neap
