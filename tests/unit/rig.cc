#include "rig.h"

#include <sys/single_threaded.h>

#include <thread>
#include <vector>

namespace neap {

void leave_single_thread() {
  if (single_threaded()) std::thread([] {}).join();
}

void return_to_single_thread() { __libc_single_threaded = true; }

void Rig::warm_up() {
  for (std::size_t c = 0; c < kClassCount; ++c) {
    std::vector<void*> all(kBytesForFirstSlab / class_size(c) + 2);
    for (void*& object : all) object = heap.allocate_small(nullptr, static_cast<ClassIndex>(c));
    for (void* object : all) free(nullptr, object);
  }
  heap.release_all();
}

void* Rig::pop(ThreadCache& cache, std::size_t c) {
  if (cache.shares()) {
    void* object = rseq::pop<kClassesBelowLine>(cache.shared, cache.marked_own(), c);
    if (object != nullptr) Limbo::leave(object);
    return object;
  }
  Stack stack = cache.own_stack(c);
  if (stack.count() == 0) return nullptr;
  void* object = stack.pop();
  stack.end();
  return object;
}

void* Rig::allocate(ThreadCache* cache, std::size_t size, bool zero) {
  if (hardened) return hardened->allocate(size, 1, zero);
  if (size > kLargestSmall) return heap.allocate_large(cache, size, 1, zero);
  const ClassIndex c = class_of(size);
  void* object = nullptr;
  if (size <= kLargestCached && cache != nullptr) object = pop(*cache, static_cast<std::size_t>(c));
  if (object == nullptr) object = heap.allocate_small(cache, c);
  if (object != nullptr && zero) std::memset(object, 0, size);
  return object;
}

void Rig::free(ThreadCache* cache, void* object) {
  if (hardened) return hardened->free(object, "free");
  if (Block* hint = map_->block_fast(address_of(object)); cache != nullptr && hint != nullptr) {
    const BlockKind kind = hint->kind.load();
    if (kind == BlockKind::slab && hint->class_index() < kCachedClasses &&
        heap.give_to_slab(*cache, *hint, object, "free"))
      return;
    if (kind == BlockKind::mixed && heap.cache_mixed(*cache, *hint, object)) return;
  }
  Block& block = heap.block_of(object, "free");
  if (block.kind.load() == BlockKind::large) return heap.free_large(cache, block);
  if (cache != nullptr && block.admission.load() != 0 &&
      cache->push(block.class_index(), object, heap.limbo.key(object)))
    return;
  heap.free_small(cache, block, object, "free");
}

void* Rig::reallocate(ThreadCache* cache, void* object, std::size_t size) {
  if (hardened) return hardened->reallocate(object, size, "realloc");
  Block& block = heap.block_of(object, "realloc");
  const std::size_t usable_now = heap.usable_size(block, object);
  if (block.kind.load() == BlockKind::large && size > kLargestSmall) return heap.resize_large(cache, block, size);
  if (block.kind.load() != BlockKind::large && size <= usable_now && size >= usable_now - usable_now / 4) return object;
  void* to = allocate(cache, size);
  if (to == nullptr) return nullptr;
  std::memcpy(to, object, usable_now < size ? usable_now : size);
  free(cache, object);
  return to;
}

void Rig::expect_in_order() {
  const Ledger truth = recount(*map_);
  EXPECT_EQ(truth.fault, "");
  EXPECT_EQ(sums().resident_bytes, truth.resident_pages * kPageSize);
  EXPECT_EQ(board.dirty_bytes, truth.dirty_pages * kPageSize);
  EXPECT_EQ(board.large_bytes, truth.large_pages * kPageSize);
  EXPECT_EQ(board.large_objects, truth.large_objects);
  EXPECT_EQ(board.small_bytes, truth.small_bytes);
}

}  // namespace neap
