// An object of the heap whose contents can be checked: each word is derived from a mark, so that it shows when another
// object's owner, or the allocator, has written to it. Not thread-safe by itself; one thread holds an object, and may
// pass it on.
#ifndef NEAP_TESTS_STRESS_OBJECT_H
#define NEAP_TESTS_STRESS_OBJECT_H

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "calls.h"
#include "scene.h"

namespace stress {

struct Object {
  unsigned char* bytes = nullptr;
  std::size_t size = 0;
  std::uint64_t mark = 0;
};

inline std::uint64_t word_at(std::uint64_t mark, std::size_t at) { return (mark + at) * 0x9e3779b97f4a7c15; }

inline void write(const Object& object, std::size_t from) {
  from -= from % 8;
  for (std::size_t at = from; at < object.size; at += 8) {
    const std::uint64_t word = word_at(object.mark, at);
    std::memcpy(object.bytes + at, &word, object.size - at < 8 ? object.size - at : 8);
  }
}

inline bool intact(const Object& object, std::size_t size) {
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = word_at(object.mark, at);
    if (std::memcmp(object.bytes + at, &word, size - at < 8 ? size - at : 8) != 0) return false;
  }
  return true;
}

inline constexpr const char* refused = "an allocation well below every limit was refused";

inline void check_new(const Object& object, std::size_t alignment) {
  require(reinterpret_cast<std::uintptr_t>(object.bytes) % alignment == 0, "alignment");
  require(usable_size(object.bytes) >= object.size, "usable size below the size asked for");
}

inline void check_refusal() { require(errno == ENOMEM, "memory was refused, and errno is not ENOMEM"); }

inline void check_zero(const Object& object) {
  for (std::size_t at = 0; at < object.size; ++at) {
    if (object.bytes[at] == 0) continue;
    std::fprintf(stderr, "calloc(%zu) at %p: byte %zu is %#x\n", object.size, static_cast<void*>(object.bytes), at,
                 object.bytes[at]);
    fail("calloc gave a byte that is not zero");
  }
}

// False, and no object, when memory is refused.
inline bool try_make(Random& random, std::size_t size, Object& out) {
  Object object{nullptr, size, random.next()};
  std::size_t alignment = size >= 16 ? 16 : 8;
  const std::size_t way = random.below(20);
  errno = 0;
  if (way == 0) {
    alignment = std::size_t{8} << random.below(10);
    object.bytes = static_cast<unsigned char*>(allocate_aligned(alignment, size));
  } else if (way <= 4) {
    object.bytes = static_cast<unsigned char*>(allocate_zeroed(size));
    if (object.bytes != nullptr) check_zero(object);
  } else {
    object.bytes = static_cast<unsigned char*>(allocate(size));
  }
  if (object.bytes == nullptr) {
    check_refusal();
    return false;
  }
  check_new(object, alignment);
  write(object, 0);
  out = object;
  return true;
}

inline Object make(Random& random, std::size_t size) {
  Object object;
  require(try_make(random, size, object), refused);
  return object;
}

// False when memory is refused; the object is then as it was.
inline bool try_resize(Object& object, std::size_t size) {
  errno = 0;
  auto* bytes = static_cast<unsigned char*>(reallocate(object.bytes, size));
  if (bytes == nullptr) {
    check_refusal();
    require(intact(object, object.size), "contents after a realloc that was refused");
    return false;
  }
  const std::size_t kept = object.size < size ? object.size : size;
  object.bytes = bytes;
  object.size = size;
  check_new(object, size >= 16 ? 16 : 8);
  require(intact(object, kept), "contents after realloc");
  write(object, kept);
  return true;
}

inline void resize(Object& object, std::size_t size) { require(try_resize(object, size), refused); }

inline void destroy(Object& object) {
  require(intact(object, object.size), "contents before free");
  deallocate(object.bytes);
  object = Object{};
}

}  // namespace stress

#endif
