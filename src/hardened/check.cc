// The look at the whole heap, for whoever calls neap_check. No other call finds what was written beside an object that
// is never freed, or into a freed one whose place is never used again.
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

// Looks at each object of a slab, under the lock of its bin. An object that waits is left out, as another thread may be
// clearing it. Of live objects, only a process of one thread checks the padding, as another thread may be setting it.
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
