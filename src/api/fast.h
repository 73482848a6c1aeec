// The fast paths of malloc and free, and the one door to the slow ones (slow.cc). Everything exported is made of these.
//
//   allocate                 a cached size, and the thread's or the CPU's stack of its class has an object: pops it
//     allocate_slow          otherwise: an empty stack, a larger size, a thread's first call, an exempt program
//   deallocate               a live object begins there, of a slab with admission, and its stack is not full: pushes it
//     free_beside_stack      the same, but its stack is full
//     free_slow              otherwise: a slab without admission, a mixed block, a large object, null, misuse
//
// A fast path takes no lock and makes no call; docs/performance.md has their instructions.
#pragma once

#include <errno.h>

#include <cstddef>
#include <cstdint>

#include "api/process.h"
#include "bins/misuse.h"

namespace neap {

// No object may be larger: differences of pointers into it must fit ptrdiff_t.
inline constexpr std::size_t kMaxBytes = PTRDIFF_MAX;

[[gnu::noinline]] void* allocate_slow(std::size_t size);
// Frees an object that may enter the cache, but whose stack is full.
[[gnu::noinline]] void free_beside_stack(void* object, const char* function);
// Frees what the other two do not. `hint` is the block that the page map has for the pointer, or null.
[[gnu::noinline]] void free_slow(void* pointer, Block* hint, const char* function);

// Pops an object of class c; null when its stack is empty. An empty stack needs no test of its own, because a null slot
// lies below the first slot of every stack.
[[gnu::always_inline]] inline void* take_cached(std::size_t c) {
  Stacks* stacks = this_stacks;
  void* object;
  if (!is_shared(stacks)) [[likely]] {
    Stacks::Half& top = stacks->top(c);
    object = stacks->slot(top - kSlotBytes);
    if (object == nullptr) [[unlikely]]
      return nullptr;
    top -= kSlotBytes;
  } else {
    object = rseq::pop<kClassesBelowLine>(stacks, own_marked(), c);
    if (object == nullptr) return nullptr;
  }
  Limbo::leave(object);
  return object;
}

// `size` bytes aligned to 16 (8 when size is at most 8). Null with errno ENOMEM when memory is out.
[[gnu::always_inline]] inline void* allocate(std::size_t size) {
  if (size <= kLargestCached) [[likely]] {
    if (void* object = take_cached(static_cast<std::size_t>(cached_class_of(size)))) [[likely]]
      return object;
  }
  return allocate_slow(size);
}

// True when a live object begins at `pointer` and lies in a slab whose objects may enter caches. Most frees need no
// other look: wherever another would be needed, the block's `admission` is 0, and this test fails.
[[gnu::always_inline]] inline bool is_admitted(const Block* block, const void* pointer, std::uint64_t key) {
  return block != nullptr &&
         slab::seems_taken(*block, offset_in_block(pointer), block->admission.load(std::memory_order_relaxed)) &&
         !Limbo::holds(pointer, key);
}

[[gnu::always_inline]] inline void deallocate(void* pointer, const char* function) {
  Block* block = page_map.block_fast(address_of(pointer));
  const std::uint64_t key = heap.limbo.key(pointer);
  if (is_admitted(block, pointer, key)) [[likely]] {
    const std::size_t c = block->class_index();
    Stacks* stacks = this_stacks;
    if (!is_shared(stacks)) [[likely]] {
      Stacks::Half& top = stacks->top(c);
      const std::uint32_t offset = top;
      if (offset != stacks->limit(c)) [[likely]] {
        Limbo::enter(pointer, key);
        stacks->slot(offset) = pointer;
        top += kSlotBytes;
        return;
      }
    } else if (rseq::push<kClassesBelowLine>(stacks, own_marked(), c, pointer, key)) {
      return;
    }
    return free_beside_stack(pointer, function);
  }
  free_slow(pointer, block, function);
}

// What the other exported calls are made of. `align` is a power of two, in bytes. Each gives null with errno ENOMEM
// when memory is out.
void* allocate_aligned(std::size_t align, std::size_t size);
void* allocate_zeroed(std::size_t count, std::size_t size);
void* reallocate(void* pointer, std::size_t size, const char* function);

// How many bytes may be used at a live object; 0 for null.
std::size_t usable_size(void* pointer, const char* function);

inline void* out_of_memory() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace neap
