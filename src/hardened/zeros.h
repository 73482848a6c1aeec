// Clears memory for good, and tells whether it is still clear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bins/misuse.h"

namespace neap {

// No compiler may drop this as a store that nobody reads.
inline void wipe(void* memory, std::size_t size) {
  std::memset(memory, 0, size);
  asm volatile("" : : "r"(memory) : "memory");
}

// Whether all bytes are 0; `size` is a multiple of 8. (Others may write there while a neighbour is looked at.)
[[gnu::no_sanitize("thread")]] inline bool is_clear(const void* memory, std::size_t size) {
  using Word [[gnu::may_alias]] = std::uint64_t;
  const Word* words = static_cast<const Word*>(memory);
  const Word* const end = words + size / sizeof(Word);
  if (size % (2 * sizeof(Word)) != 0 && *words++ != 0) return false;
  for (; words != end; words += 2) {
    if ((words[0] | words[1]) != 0) return false;
  }
  return true;
}

// Where the first byte lies that is not 0; `size` when there is none.
[[gnu::no_sanitize("thread")]] inline std::size_t first_written(const void* memory, std::size_t size) {
  if (is_clear(memory, size)) [[likely]]
    return size;
  const unsigned char* bytes = static_cast<const unsigned char*>(memory);
  std::size_t at = 0;
  while (at < size && bytes[at] == 0) ++at;
  return at;
}

// The bytes from the first that is not 0 to the last.
[[gnu::cold]] inline Changed written_among(const void* memory, std::size_t size) {
  const char* const bytes = static_cast<const char*>(memory);
  const std::size_t first = first_written(memory, size);
  std::size_t end = size;
  while (end > first && bytes[end - 1] == 0) --end;
  return {bytes + first, end - first};
}

}  // namespace neap
