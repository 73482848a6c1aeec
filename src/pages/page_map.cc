#include "pages/page_map.h"

#include "os/guarded.h"

namespace neap {

bool PageMap::open() {
  if (slots_ != 0) return true;
  void* table = os::reserve_guarded(kSlots * sizeof(Slot));
  if (table == nullptr) return false;
  if (!os::make_readable(table, kSlots * sizeof(Slot))) {
    os::unreserve_guarded(table, kSlots * sizeof(Slot));
    return false;
  }
  table_ = static_cast<Slot*>(table);
  slots_ = kSlots;
  return true;
}

bool PageMap::cover(std::uintptr_t address, std::size_t size) {
  if (address + size > kSlots * kSlotSize || !open()) return false;
  const std::uintptr_t first = address_of(table_ + (address >> kSlotShift)) & ~(os::page_size - 1);
  const std::uintptr_t end = round_up(address_of(table_ + ((address + size - 1) >> kSlotShift) + 1), os::page_size);
  return os::commit(pointer_to(first), end - first);
}

}  // namespace neap
