// The truth about a heap's pages, found by a walk over every block of every chunk. The heap's own sums must equal it
// when no other thread is in the heap. The walk also checks what holds between a block's masks, its bitmap and the
// contents of its pages, and that no two bitmaps overlap.
#pragma once

#include <cstdint>
#include <string>

#include "pages/page_map.h"

namespace neap {

struct Ledger {
  std::uint64_t resident_pages = 0, dirty_pages = 0, large_pages = 0, large_objects = 0;
  std::uint64_t small_bytes = 0;  // of the objects that slabs and mixed blocks have out
  std::uint64_t mixed_blocks = 0;
  std::string fault;  // the first contradiction found; empty when all is well
};

Ledger recount(const PageMap& map);

}  // namespace neap
