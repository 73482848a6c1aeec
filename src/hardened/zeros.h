// Clearing memory for good, and whether it is still clear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bins/misuse.h"

namespace neap {

// No compiler may take it for a store that nobody reads.
inline void wipe(void* memory, std::size_t size) {
  std::memset(memory, 0, size);
  asm volatile("" : : "r"(memory) : "memory");
}

// Where the first byte lies that is not 0; `size`, a multiple of 8, when there is none. (Others may write there while a
// neighbour is looked at.)
[[gnu::no_sanitize("thread")]] inline std::size_t first_written(const void* memory, std::size_t size) {
  using Word [[gnu::may_alias]] = std::uint64_t;
  const Word* words = static_cast<const Word*>(memory);
  const unsigned char* bytes = static_cast<const unsigned char*>(memory);
  std::size_t at = 0;
  while (at < size && words[at / sizeof(Word)] == 0) at += sizeof(Word);
  while (at < size && bytes[at] == 0) ++at;
  return at;
}

// From the first byte that is not 0 to the last.
[[gnu::cold]] inline Changed written_among(const void* memory, std::size_t size) {
  const char* const bytes = static_cast<const char*>(memory);
  const std::size_t first = first_written(memory, size);
  std::size_t end = size;
  while (end > first && bytes[end - 1] == 0) --end;
  return {bytes + first, end - first};
}

}  // namespace neap
