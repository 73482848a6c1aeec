// A number at an offset in bytes that were read from another process, aligned or not. The caller has checked that it
// lies inside them.
#pragma once

#include <cstddef>
#include <cstring>

namespace neap {

template <class T, class Byte>
T field(const Byte* bytes, std::size_t offset) {
  static_assert(sizeof(Byte) == 1);
  T value;
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}

}  // namespace neap
