// Small objects where blocks are not to be had: where memory is out, before malloc says so, and at a soft limit. A
// system that gives no more address space or commits no more pages finds half of a heap in holes.
#include "bins/small_objects.h"

namespace neap {
namespace {

// At a soft limit a slab may be opened when one part in this many of it is free.
constexpr std::uint32_t kOpenShare = 8;

// When a search has found no slab to open, the next search comes this many events later.
constexpr std::uint64_t kSearchEvery = 4096;

// The largest power of two that divides the class's size: objects that lie in slabs begin at its multiples.
constexpr std::uint32_t alignment_of(std::size_t c) { return class_size(c) & (~class_size(c) + 1); }

}  // namespace

// Takes an object from a hole among other sizes, wherever there is one: in a mixed block, which any slab can become, or
// in place of an object of a larger class.
void* SmallObjects::take_any_hole(From from, ClassIndex wanted) {
  const std::size_t c = static_cast<std::size_t>(wanted);
  void* object = nullptr;
  if (from == From::anywhere && c != 0) {
    do {
      if (mixed_.take(wanted, pages_, &object, 1) != 0) return object;
    } while (open_sparse_slab() || open_any_slab(1, kMaxObjects));
  }
  for (std::size_t larger = c; larger < kClassCount; ++larger) {
    if (from == From::slabs && class_size(larger) % alignment_of(c) != 0) continue;
    for (std::uint8_t owner = 0; owner < kMaxOwners; ++owner) {
      if (!has_bins(owner)) continue;
      const BinId id(static_cast<ClassIndex>(larger), owner);
      if (bin(id).take(id, pages_, &object, 1, Bin::Growth::no) != 0) return object;
    }
  }
  return nullptr;
}

// Turns a slab into a mixed block: the next one in the heap's order whose objects are of `smallest` or a larger class,
// and of which a `share`-th is free, at least one object. Behind the last slab it gives false once, and then begins
// again.
bool SmallObjects::open_any_slab(std::size_t smallest, std::uint32_t share) {
  const Guard guard(pages_.release_lock());
  bool opened = false;
  while (Block* block = opened ? nullptr : pages_.next_block(BlockKind::slab, next_to_open_)) {
    next_to_open_ = block->rank + 1;
    const BinId id = BinId::of(*block);
    const std::size_t c = static_cast<std::size_t>(id.c);
    const std::uint32_t least = kClasses[c].capacity / share;
    opened = c >= smallest && bin(id).hand_over(id, *block, pages_, mixed_, least != 0 ? least : 1);
  }
  if (!opened) next_to_open_ = 0;
  pages_.end_look();
  return opened;
}

void SmallObjects::give_up_empty_slabs() {
  each_bin([this](Bin& bin, BinId id) { bin.give_up_empty(id, pages_); });
}

// At a soft limit, before a new block is taken: opens a slab of objects that are at least as large, and takes an object
// of the class from it. Null when there is none.
void* SmallObjects::take_before_block(std::size_t c) {
  const std::uint64_t now = pages_.events();
  if (!limits_.is_met() || now < next_search_.load(std::memory_order_relaxed)) return nullptr;
  void* object = nullptr;
  if (open_any_slab(c, kOpenShare)) mixed_.take(static_cast<ClassIndex>(c), pages_, &object, 1);
  if (object == nullptr) next_search_.store(now + kSearchEvery, std::memory_order_relaxed);
  return object;
}

}  // namespace neap
