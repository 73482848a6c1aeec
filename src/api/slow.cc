// The slow half of fast.h. It decides who serves a call, the heap or somebody else (apart.h), and which part of the
// heap does.
//
//   allocate_slow   up to 32 KiB Heap::allocate_small, above it Heap::allocate_large
//   free_slow       the cases of a free that no stack takes, the most frequent ones first:
//     give_to_slab  the object's slab is too empty for its objects to enter a cache
//     cache_mixed   the object lies in a mixed block, and the stack of its class is not full
//     free_small    any other small object
//     free_large    a large object
//     block_of      nothing that begins a live object: names the misuse, and ends the program
//
// A thread that has no cache skips the first two.
#include <bit>
#include <cstring>

#include "api/apart.h"
#include "api/exempt.h"
#include "api/fast.h"
#include "sizes/resize.h"

namespace neap {
namespace {

// Gives an object another size in another place. When memory is out, an object that becomes smaller stays where it is.
void* move_object(void* from, std::size_t used, std::size_t size, const char* function) {
  const int before = errno;
  void* to = allocate(size_with_steps(used, size));
  if (to == nullptr && size <= used) {
    errno = before;
    return from;
  }
  if (to == nullptr) return nullptr;
  std::memcpy(to, from, used < size ? used : size);
  deallocate(from, function);
  return to;
}

// An object at a multiple of `align`, of class c, whose size is such a multiple too. All of the class's objects in
// slabs lie so; one that was cached may come from a mixed block, and lie elsewhere.
void* allocate_slotted(std::size_t c, std::size_t align) {
  if (c < kCachedClasses) {
    while (void* object = take_cached(c)) {
      if ((address_of(object) & (align - 1)) == 0) [[likely]]
        return object;
      heap.put_back_mixed(current_cache(), object);
    }
  }
  void* object = heap.allocate_in_slab(current_cache(), static_cast<ClassIndex>(c));
  return object != nullptr ? object : out_of_memory();
}

}  // namespace

void* allocate_slow(std::size_t size) {
  if (is_apart()) [[unlikely]]
    return apart_allocate(size);
  if (size > kMaxBytes) [[unlikely]]
    return out_of_memory();
  ThreadCache* cache = current_cache();
  void* object =
      size <= kLargestSmall ? heap.allocate_small(cache, class_of(size)) : heap.allocate_large(cache, size, 1, false);
  return object != nullptr ? object : out_of_memory();
}

void free_beside_stack(void* object, const char* function) {
  Block* block = page_map.block_fast(address_of(object));
  ThreadCache* cache = opened_cache();
  if (cache == nullptr) return free_slow(object, block, function);
  heap.free_in_slab(*cache, *block, block->class_index(), object, function);
}

void free_slow(void* pointer, Block* hint, const char* function) {
  if (hint != nullptr) [[likely]] {  // most come from a slab too empty to be cached from, or from a mixed block
    ThreadCache* cache = opened_cache();
    const BlockKind kind = hint->kind.load(std::memory_order_acquire);
    if (kind == BlockKind::slab && cache != nullptr && hint->class_index() < kCachedClasses &&
        heap.give_to_slab(*cache, *hint, pointer, function)) {
      return;
    }
    if (kind == BlockKind::mixed && cache != nullptr && heap.cache_mixed(*cache, *hint, pointer)) return;
    if (cache != nullptr && (kind == BlockKind::slab || kind == BlockKind::mixed) && heap.seems_live(*hint, pointer)) {
      return heap.free_small(cache, *hint, pointer, function);
    }
  }
  if (pointer == nullptr) return;
  if (is_apart() && apart_free(pointer, function)) [[unlikely]]
    return;
  ThreadCache* cache = current_cache();
  Block& block = heap.block_of(pointer, function);
  if (block.kind.load(std::memory_order_relaxed) == BlockKind::large) return heap.free_large(cache, block);
  heap.free_small(cache, block, pointer, function);
}

void* allocate_aligned(std::size_t align, std::size_t size) {
  if (is_apart()) [[unlikely]]
    return apart_allocate_aligned(align, size);
  if (align > kMaxBytes || size > kMaxBytes - align) return out_of_memory();
  if (align <= 16 && size > 8) return allocate(size);
  if (const std::size_t slot = round_up(size != 0 ? size : 1, align); slot <= kLargestSmall) {
    const std::size_t c = static_cast<std::size_t>(class_of(slot));
    return allocate_slotted(kAlignedTable[static_cast<std::size_t>(std::countr_zero(align))][c], align);
  }
  void* object = heap.allocate_large(current_cache(), size, align, false);
  return object != nullptr ? object : out_of_memory();
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
  if (is_apart()) [[unlikely]]
    return apart_allocate_zeroed(count, size);
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > kMaxBytes) return out_of_memory();
  if (bytes > kLargestSmall) {
    void* object = heap.allocate_large(current_cache(), bytes, 1, true);
    return object != nullptr ? object : out_of_memory();
  }
  void* object = allocate(bytes);
  if (object != nullptr) std::memset(object, 0, bytes);
  return object;
}

void* reallocate(void* pointer, std::size_t size, const char* function) {
  if (pointer == nullptr) return allocate(size);
  if (is_apart()) [[unlikely]]
    return apart_reallocate(pointer, size, function);
  if (size == 0) {
    deallocate(pointer, function);
    return nullptr;
  }
  if (const Block* hint = page_map.block_fast(address_of(pointer));
      is_admitted(hint, pointer, heap.limbo.key(pointer)) && fits_well(size, class_size(hint->class_index()))) {
    return pointer;
  }
  Block& block = heap.block_of(pointer, function);
  if (size > kMaxBytes) return out_of_memory();
  const std::size_t usable = heap.usable_size(block, pointer);
  if (block.kind.load(std::memory_order_relaxed) == BlockKind::large) {
    if (size <= kLargestSmall) return move_object(pointer, usable, size, function);
    void* object = heap.resize_large(current_cache(), block, size);
    return object != nullptr ? object : out_of_memory();
  }
  return fits_well(size, usable) ? pointer : move_object(pointer, usable, size, function);
}

std::size_t usable_size(void* pointer, const char* function) {
  if (pointer == nullptr) return 0;
  if (std::size_t size; is_apart() && apart_usable_size(pointer, function, size)) [[unlikely]]
    return size;
  Block& block = heap.block_of(pointer, function);
  return heap.usable_size(block, pointer);
}

}  // namespace neap
