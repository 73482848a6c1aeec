// The fast paths of malloc and free, and the one door to the slow ones. Everything exported is made of these.
// docs/performance.md counts their instructions.
#pragma once

#include <errno.h>

#include <cstddef>
#include <cstdint>

#include "api/process.h"
#include "heap/misuse.h"

namespace neap {

// No object may be larger: differences of pointers into it must fit ptrdiff_t.
inline constexpr std::size_t kMostBytes = PTRDIFF_MAX;

[[gnu::noinline]] void* allocate_slow(std::size_t size);
// `hint`: the block that the page map has for it, or null.
[[gnu::noinline]] void free_slow(void* pointer, Block* hint, const char* function);

// `size` bytes aligned to 16 (8 when size is at most 8). Null with errno ENOMEM when memory is out.
[[gnu::always_inline]] inline void* allocate(std::size_t size) {
  if (size <= kLargestCached) [[likely]] {
    const std::size_t c = static_cast<std::size_t>(cached_class_of(size));
    Stacks* at = front;
    if (!is_shared(at)) [[likely]] {
      Stacks::Half& top = at->top(c);
      void* object = at->slot(top - kSlotBytes);
      if (object != nullptr) [[likely]] {
        top -= kSlotBytes;
        return object;
      }
    } else if (void* object = rseq::pop<kClassesBelowLine>(at, own_marked(), c)) {
      return object;
    }
  }
  return allocate_slow(size);
}

[[gnu::always_inline]] inline void deallocate(void* pointer, const char* function) {
  const std::uintptr_t address = address_of(pointer);
  Block* block = page_map.block_fast(address);
  if (block != nullptr && block->admit.load(std::memory_order_relaxed) != 0) [[likely]] {
    const std::uint32_t offset = offset_in_block(pointer);
    if (begins_object(offset, block->reciprocal)) [[likely]] {
      const std::size_t c = block->class_index();
      Stacks* at = front;
      if (!is_shared(at)) [[likely]] {
        Stacks::Half& top = at->top(c);
        if (top != at->limit(c) && at->slot(top - kSlotBytes) != pointer) [[likely]] {
          at->slot(top) = pointer;
          top += kSlotBytes;
          return;
        }
      } else if (rseq::push<kClassesBelowLine>(at, own_marked(), c, pointer)) {
        return;
      }
    }
  }
  free_slow(pointer, block, function);
}

// The general forms. `align` is a power of two, bytes. Null with errno ENOMEM.
void* allocate_aligned(std::size_t align, std::size_t size);
void* allocate_zeroed(std::size_t count, std::size_t size);
void* reallocate(void* pointer, std::size_t size, const char* function);

// Bytes usable at a live object; 0 for null.
std::size_t usable_size(void* pointer, const char* function);

inline void* out_of_memory() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace neap
