// What lies beside an object, and how its size changes.
#include <algorithm>
#include <cstdint>

#include "hardened/found.h"
#include "hardened/hardened.h"
#include "hardened/zeros.h"
#include "sizes/resize.h"
#include "slabs/waiting.h"

namespace neap {
namespace {

// How far the look beside an object goes, in bytes. Of slots up to this size, two on each side are looked at whole; of
// larger ones, the end of the one below.
constexpr std::size_t kLookBeside = 64;

}  // namespace

std::size_t Hardened::size_in(const Slot& slot, const char* function) const {
  if (!has_canaries()) return slot.size();
  const std::size_t asked = canaries_.read(slot.at, slot.size());
  if (asked == Canaries::kBroken) found_broken(slot, function);
  return asked;
}

void Hardened::found_broken(const Slot& slot, const char* function) const {
  const Changed changed = canaries_.changed_behind(slot.at, slot.size());
  const std::size_t behind = changed.first == nullptr ? Canaries::kBytes : Canaries::told_behind(slot.at, slot.size());
  found_overflow(function, slot.at, slot.size() - behind, "behind it", changed);
}

std::size_t Hardened::size_of_large(Block& first, const char* function) const {
  const char* const end = first.address() + first.large.pages * kPageSize;
  if (has_canaries() && !canaries_.is_whole(first.address() + first.asked, end)) {
    found_overflow(function, first.address(), first.asked, "behind it",
                   canaries_.changed_between(first.address() + first.asked, end));
  }
  return first.asked;
}

// Whether the last `reach` bytes of a neighbouring slot, or all of a smaller one, are as the heap left them. A free
// slot is all zeros, and the canary of a live object is whole. An object that waits is looked at when it leaves;
// whether it waits is asked last, because it may begin to wait meanwhile.
bool Hardened::is_in_order(const Slot& slot, std::size_t reach) const {
  const std::size_t bytes = std::min(slot.size(), reach);
  const bool free = slab::is_free(*slot.block, slot.index);
  const bool good =
      free ? first_written(slot.at + slot.size() - bytes, bytes) == bytes : canaries_.may_be(slot.at, slot.size());
  return good || slab::is_waiting(*slot.block, *slot.row, slot.index);
}

// The same by what lies there alone, without a look at the slab. What is in order almost always looks so.
bool Hardened::looks_in_order(char* at, std::size_t size) const {
  const Canaries::Look end = canaries_.look(at, size);
  const std::size_t bytes = std::min(size, kLookBeside);
  return end == Canaries::Look::whole || (end == Canaries::Look::none && is_clear(at + size - bytes, bytes));
}

bool Hardened::beside_looks_in_order(const Slot& slot) const {
  const std::size_t size = slot.size();
  const std::uint32_t above = slot.row->capacity - 1u - slot.index;
  if (slot.index > 0 && !looks_in_order(slot.at - size, size)) return false;
  if (size > kLookBeside) return true;
  return (above == 0 || looks_in_order(slot.at + size, size)) &&
         (slot.index < 2 || looks_in_order(slot.at - 2 * size, size)) &&
         (above < 2 || looks_in_order(slot.at + 2 * size, size));
}

// Where the first neighbour lies that is not in order, counted in slots; 0, the slot itself, when all are.
int Hardened::wrong_neighbour(const Slot& slot) const {
  const bool is_small = slot.size() <= kLookBeside;
  for (const int off : {-1, 1, -2, 2}) {
    const std::uint32_t index = slot.index + static_cast<std::uint32_t>(off);  // below the first one: a large number
    if (index >= slot.row->capacity || (!is_small && off != -1)) continue;
    char* const at = slot.at + off * static_cast<std::ptrdiff_t>(slot.row->size);
    if (!is_in_order({slot.block, slot.row, index, at}, kLookBeside)) return off;
  }
  return 0;
}

// Which bytes of the neighbour at `off` are not in order.
Changed Hardened::changed_in(const Slot& slot, int off) const {
  char* const at = slot.at + off * static_cast<std::ptrdiff_t>(slot.row->size);
  const std::uint32_t index = slot.index + static_cast<std::uint32_t>(off);
  if (slab::is_free(*slot.block, index)) return written_among(at, slot.size());
  return canaries_.changed_behind(at, slot.size());
}

// Looks without the lock first. A free neighbour may be handed out meanwhile; under its bin's lock it is not.
void Hardened::look_beside(const Slot& slot, std::size_t asked, const char* function) {
  if (beside_looks_in_order(slot)) [[likely]]
    return;
  const Guard guard(heap_.slab_lock(slot.block->class_index()));
  const int wrong = wrong_neighbour(slot);
  if (wrong != 0)
    found_overflow(function, slot.at, asked, wrong < 0 ? "before it" : "behind it", changed_in(slot, wrong));
}

std::size_t Hardened::usable_size(void* pointer, const char* function) {
  if (empty_.holds(pointer)) {
    if (!empty_.is_live(pointer)) no_object_any_more(pointer, function);
    return 0;
  }
  Block& block = heap_.block_of(pointer, function);
  if (block.kind.load(std::memory_order_relaxed) == BlockKind::large) return size_of_large(block, function);
  const Slot slot = slot_at(block, pointer);
  if (slab::is_waiting(*slot.block, *slot.row, slot.index)) no_object_any_more(pointer, function);
  return size_in(slot, function);
}

void* Hardened::reallocate(void* pointer, std::size_t size, const char* function) {
  const std::size_t asked = usable_size(pointer, function);
  if (size > PTRDIFF_MAX) return nullptr;
  if (empty_.holds(pointer)) return move(pointer, 0, size, function);
  Block& block = heap_.block_of(pointer, function);
  const bool is_large = block.kind.load(std::memory_order_relaxed) == BlockKind::large;
  if (is_large && size > kLargestSmall) return resize_large(block, size);
  if (!is_large && resize_in_slot(slot_at(block, pointer), asked, size)) return pointer;
  return move(pointer, asked, size, function);
}

bool Hardened::resize_in_slot(const Slot& slot, std::size_t asked, std::size_t size) {
  const std::size_t usable = slot.size() - (has_canaries() ? Canaries::kBytes : 0);
  if (!fits_well(size, usable)) return false;
  if (!has_canaries()) return true;
  if (size > asked) std::memset(slot.at + asked, 0, size - asked);
  canaries_.set(slot.at, slot.size(), size);
  return true;
}

void* Hardened::move(void* from, std::size_t asked, std::size_t size, const char* function) {
  const std::size_t wish = size_with_steps(asked, size), canary = has_canaries() ? Canaries::kBytes : 0;
  void* to = wish != size ? place(size, wish + canary, 1, false) : allocate(size, 1, false);
  if (to == nullptr) return size <= asked ? from : nullptr;
  std::memcpy(to, from, std::min(asked, size));
  free(from, function);
  return to;
}

void* Hardened::resize_large(Block& first, std::size_t size) {
  char* const end = first.address() + first.large.pages * kPageSize;
  std::memset(first.address() + first.asked, 0, static_cast<std::size_t>(end - (first.address() + first.asked)));
  void* const object = heap_.resize_large(nullptr, first, size);
  if (object == nullptr) {
    end_large_at(first, first.asked);
    return nullptr;
  }
  end_large_at(*heap_.map().block_fast(address_of(object)), size);
  return object;
}

}  // namespace neap
