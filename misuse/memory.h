// Memory of the checker's own, straight from the system: it stands before malloc.
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace neap::misuse {

// Zeros, of which only what is touched is memory. Null when there is none.
inline void* take_memory(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace neap::misuse
