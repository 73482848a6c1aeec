// The look at the whole heap, for who asks: no call but this comes to what is written beside an object that is never
// freed, or into a freed one that is never used again.
#include "hardened/found.h"
#include "hardened/hardened.h"
#include "hardened/zeros.h"
#include "slabs/waiting.h"

namespace neap {

void Hardened::check(const char* function) {
  empty_quarantine(function);
  heap_.each_slab([this, function](Block& block) { check_slab(block, function); });
  if (!single_threaded()) return;
  heap_.each_large([this, function](Block& first) { size_of_large(first, function); });
}

// Under its bin's lock. What waits is another thread's to clear; of a live object another thread may be setting the
// padding, but not of one thread alone.
void Hardened::check_slab(Block& block, const char* function) const {
  const ClassRow& row = kClasses[block.class_index()];
  for (std::uint32_t i = 0; i < row.capacity; ++i) {
    const std::uint32_t offset = i * row.size;
    const Slot slot{&block, &row, i, block.address() + offset};
    if (slab::is_aside(block, row, i) || slab::is_waiting(block, row, i)) continue;
    if (!slab::is_free(block, i)) {
      if (has_canaries() && single_threaded()) size_in(slot, function);
      if (has_canaries() && !canaries_.may_be(slot.at, slot.size())) found_broken(slot, function);
      continue;
    }
    const PageMask pages = slab::pages_under(offset, row.size);
    if (!clears() || (block.resident & pages) != pages) continue;
    const std::size_t at = first_written(slot.at, slot.size());
    if (at != slot.size()) found_written(function, slot.at, slot.size(), at);
  }
}

}  // namespace neap
