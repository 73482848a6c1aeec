// Where objects are placed, and where they go when they are freed.
#include "hardened/hardened.h"

#include <bit>
#include <cstring>

#include "hardened/found.h"
#include "hardened/zeros.h"
#include "slabs/waiting.h"

namespace neap {
namespace {

// The class of 8 bytes is not used, because its slabs have no bits for objects that wait.
constexpr std::size_t kMinSlot = 16;

// Nearly all slots are at most this much larger, and need no special place, so that their class alone has to be looked
// up.
constexpr std::size_t kUsual = 4096;

// When the quarantine is full, one part in this many of it is emptied.
constexpr std::uint64_t kShareToEmpty = 64;

}  // namespace

bool Hardened::open() {
  secret_.draw();
  if (!heap_.harden() || !quarantine_.open(heap_.options.quarantine)) return false;
  return heap_.options.guard_pages == 0 || empty_.open();
}

Hardened::Slot Hardened::slot_at(Block& block, void* object) {
  const ClassRow& row = kClasses[block.class_index()];
  return {&block, &row, index_in_slab(row, offset_in_block(object)), static_cast<char*>(object)};
}

void* Hardened::allocate(std::size_t size, std::size_t align, bool zero) {
  if (size == 0 && align <= EmptyObjects::kApart && empty_.is_open()) {
    if (void* object = empty_.take()) return object;
  }
  const std::size_t slot = size + (has_canaries() ? Canaries::kBytes : 0);
  void* object = align == 1 && slot - kMinSlot <= kUsual
                     ? allocate_small(size, static_cast<std::size_t>(class_of(slot)), zero)
                     : place(size, slot, align, zero);
  return object == nullptr && empty_quarantine("malloc") ? place(size, slot, align, zero) : object;
}

// Places an object of `size` bytes in a slot of at least `slot` bytes, or makes it a large object.
void* Hardened::place(std::size_t size, std::size_t slot, std::size_t align, bool zero) {
  const std::size_t whole = round_up(slot < kMinSlot ? kMinSlot : slot, align);
  if (whole < slot || whole > kLargestSmall) return allocate_large(size, align, zero);
  const std::size_t c = static_cast<std::size_t>(class_of(whole));
  return allocate_small(size, kAlignedTable[static_cast<std::size_t>(std::countr_zero(align))][c], zero);
}

void* Hardened::allocate_small(std::size_t size, std::size_t c, bool zero) {
  const bool at_random = heap_.options.random_slots != 0;
  const std::uint64_t start = at_random ? std::uint64_t{quarantine_.random()} * kClasses[c].capacity >> 32 : 0;
  bool fresh = false;
  void* const object = heap_.take_slot(c, static_cast<std::uint32_t>(start), fresh);
  if (object == nullptr) return nullptr;
  const Slot slot = slot_at(*heap_.map().block_fast(address_of(object)), object);
  if (clears() && !fresh && !is_clear(object, slot.size())) [[unlikely]]
    found_written("malloc", object, slot.size(), first_written(object, slot.size()));
  if (zero && !clears()) std::memset(object, 0, size);
  if (has_canaries()) canaries_.set(slot.at, slot.size(), size);
  return object;
}

void* Hardened::allocate_large(std::size_t size, std::size_t align, bool zero) {
  void* const object = heap_.allocate_large(nullptr, size, align, zero);
  if (object != nullptr) end_large_at(*heap_.map().block_fast(address_of(object)), size);
  return object;
}

void Hardened::end_large_at(Block& first, std::size_t size) {
  char* const end = first.address() + first.large.pages * kPageSize;
  first.asked = has_canaries() ? size : first.large.pages * kPageSize;
  if (has_canaries()) canaries_.fill(first.address() + size, end);
}

void Hardened::free(void* pointer, const char* function) {
  if (empty_.holds(pointer)) {
    if (!empty_.give(pointer)) no_object_any_more(pointer, function);
    return;
  }
  for (const std::ptrdiff_t off : {-128, -64, 64, 128}) __builtin_prefetch(static_cast<char*>(pointer) + off);
  Block& block = heap_.block_of(pointer, function);
  if (block.kind.load(std::memory_order_relaxed) == BlockKind::large) return free_large(block, function);
  free_small(slot_at(block, pointer), function);
}

void Hardened::free_small(const Slot& slot, const char* function) {
  if (!slab::begin_waiting(*slot.block, *slot.row, slot.index)) no_object_any_more(slot.at, function);
  if (has_canaries()) {
    const std::size_t asked = canaries_.read(slot.at, slot.size());
    if (asked == Canaries::kBroken) found_broken(slot, function);
    if (clears()) look_beside(slot, asked, function);
  }
  if (clears()) wipe(slot.at, slot.size());
  wait(slot, function);
}

void Hardened::free_large(Block& first, const char* function) {
  size_of_large(first, function);
  heap_.free_large(nullptr, first);
}

// An object counts as waiting until it has left. One that is larger than all that may wait passes through at once. Room
// is made before the object is counted, because that may end the program, whose handler may jump out; and once more
// afterwards, as other threads may have taken the room.
void Hardened::wait(const Slot& slot, const char* function) {
  const Quarantine::Waiting object{slot.at, slot.block->class_index()};
  const std::uint64_t size = slot.size(), most = quarantine_.bytes();
  if (size <= most) keep_at_most(most - size, function);
  heap_.count_waiting(size);
  if (size > most) return leave({object}, 1, function);
  while (!quarantine_.put(object)) let_go(size, function);
  keep_at_most(most, function);
}

void Hardened::keep_at_most(std::uint64_t bytes, const char* function) {
  while (heap_.waiting_bytes() > bytes) {
    if (!let_go(heap_.waiting_bytes() - bytes + quarantine_.bytes() / kShareToEmpty, function)) break;
  }
}

// Lets objects of about so many bytes leave the quarantine. False when nothing waits.
bool Hardened::let_go(std::uint64_t bytes, const char* function) {
  Quarantine::Leaving leaving;
  const std::size_t count = quarantine_.take(bytes, leaving);
  leave(leaving, count, function);
  return count != 0;
}

void Hardened::leave(const Quarantine::Leaving& leaving, std::size_t count, const char* function) {
  for (std::size_t i = 0; i < count; ++i) heap_.expect_slot(leaving[i].object());
  std::uint64_t bytes = 0;
  std::uint32_t given = 0;
  for (; given < count; ++given) {
    const Quarantine::Waiting each = leaving[given];
    if (clears() && !is_clear(each.object(), each.size())) [[unlikely]]
      found_written_in({leaving.data() + given, count - given}, bytes, given, function);
    heap_.give_slot(each.class_index(), each.object(), function);
    bytes += each.size();
  }
  if (given != 0) heap_.count_given(bytes, given);
}

// The other objects go on waiting, because the program may go on too.
void Hardened::found_written_in(std::span<const Quarantine::Waiting> rest, std::uint64_t bytes, std::uint32_t given,
                                const char* function) {
  const Quarantine::Waiting found = rest.front();
  bytes += found.size();
  for (const Quarantine::Waiting each : rest.subspan(1)) {
    if (!quarantine_.put(each)) bytes += each.size();
  }
  heap_.count_given(bytes, given + 1);
  found_written(function, found.object(), found.size(), first_written(found.object(), found.size()));
}

bool Hardened::empty_quarantine(const char* function) {
  bool any = false;
  while (let_go(~std::uint64_t{0}, function)) any = true;
  return any;
}

void Hardened::before_fork() {
  empty_.lock().lock();
  quarantine_.before_fork();
}
void Hardened::after_fork_in_parent() {
  quarantine_.after_fork_in_parent();
  empty_.lock().unlock();
}
void Hardened::reset_locks() {
  quarantine_.reset_locks();
  empty_.lock().reset();
}

}  // namespace neap
