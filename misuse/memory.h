// Memory for the checker itself. It comes straight from the system, because the checker stands before malloc.
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace neap::misuse {

// Zeros; a page takes memory when it is first touched. Null when the system has none.
inline void* take_memory(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace neap::misuse
