// Where zstd's working memory comes from in the replayer: a bump arena in shared memory, never the malloc under test.
#pragma once

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <cstddef>
#include <cstdint>

#include "shared_array.h"

namespace neap::trace {

class ZstdMemory {
 public:
  // Pages are made when zstd first writes them, so a generous size costs nothing.
  explicit ZstdMemory(std::size_t bytes) : memory_(SharedArray<std::uint8_t>::make(bytes, true)) {}

  ZSTD_customMem hooks() { return {take, give_back, this}; }

 private:
  static void* take(void* self, std::size_t size) {
    auto* arena = static_cast<ZstdMemory*>(self);
    const std::size_t start = (arena->used_ + 63) & ~std::size_t{63};
    if (!arena->memory_.ok() || start + size > arena->memory_.size()) return nullptr;
    arena->used_ = start + size;
    return arena->memory_.data() + start;
  }
  static void give_back(void*, void*) {}

  SharedArray<std::uint8_t> memory_;
  std::size_t used_ = 0;
};

}  // namespace neap::trace
