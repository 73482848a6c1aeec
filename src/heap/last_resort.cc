// The last resort: what is tried where memory is out, before malloc says so. A system that gives no more address space
// or commits no more pages finds half of a heap in holes, and what it keeps at hand in caches and reserves.
#include "heap/heap.h"

namespace neap {
namespace {

// The largest power of two that divides the class's size: objects that lie in slabs begin at its multiples.
constexpr std::uint32_t alignment_of(std::size_t c) { return class_size(c) & (~class_size(c) + 1); }

}  // namespace

// A hole among other sizes, wherever there is one: in a mixed block, which any slab can become, or a larger class's
// free object.
void* Heap::take_any_hole(From from, std::size_t c) {
  void* object = nullptr;
  if (from == From::anywhere && c != 0) {
    do {
      if (mixed_.take(static_cast<ClassIndex>(c), pages_, &object, 1) != 0) return object;
    } while (open_sparse_slab() || open_any_slab(1, kMaxObjects));
  }
  for (std::size_t larger = c; larger < kClassCount; ++larger) {
    if (from == From::slabs && class_size(larger) % alignment_of(c) != 0) continue;
    for (std::uint8_t owner = 0; owner < kMaxOwners; ++owner) {
      if (bins_of(owner) == nullptr) continue;
      const BinId id(static_cast<ClassIndex>(larger), owner);
      if (bin(id).take(id, pages_, &object, 1, Bin::Growth::no) != 0) return object;
    }
  }
  return nullptr;
}

// Turns the next slab in the heap's order into a mixed block whose objects are of `smallest` or a larger class, and of
// which a `share`-th is free, at least one object; after the last one false, once.
bool Heap::open_any_slab(std::size_t smallest, std::uint32_t share) {
  Guard guard(release_lock_);
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

// Everything that is kept for a better time. (What the stacks of other CPUs and other threads hold is theirs.)
void Heap::give_up_reserves(ThreadCache* cache) {
  if (cache != nullptr) flush_all(*cache);
  give_up_empty_slabs();
  pages_.give_up_reserves();
}

void Heap::give_up_empty_slabs() {
  each_bin([this](Bin& bin, BinId id) { bin.give_up_empty(id, pages_); });
}

void* Heap::allocate_from_reserves(ThreadCache* cache, From from, std::size_t c) {
  if (void* object = take_any_hole(from, c)) return object;
  give_up_reserves(cache);
  void* object = nullptr;
  if (take(from, id_for(cache, c), &object, 1) != 0) return object;
  return take_any_hole(from, c);
}

}  // namespace neap
