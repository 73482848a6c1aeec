// The allocator under test, as the stress programs call it. Black-box builds call the standard functions, so that
// whatever is preloaded or linked serves; sanitizer builds, whose runtime owns malloc, call the library's rooms
// directly.
#ifndef NEAP_TESTS_STRESS_CALLS_H
#define NEAP_TESTS_STRESS_CALLS_H

#include <cstddef>

#ifdef NEAP_STRESS_ROOMS
#include "api/fast.h"
#else
#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#endif

namespace stress {

#ifdef NEAP_STRESS_ROOMS

// A sanitizer slows everything down tenfold, and its shadow counts as resident memory.
inline constexpr bool sanitized = true;
inline constexpr int slowdown = 10;

inline void* allocate(std::size_t size) { return neap::allocate(size); }
inline void* allocate_zeroed(std::size_t size) { return neap::allocate_zeroed(1, size); }
inline void* allocate_aligned(std::size_t align, std::size_t size) { return neap::allocate_aligned(align, size); }
inline void* reallocate(void* object, std::size_t size) { return neap::reallocate(object, size, "realloc"); }
inline void deallocate(void* object) { neap::deallocate(object, "free"); }
inline std::size_t usable_size(void* object) { return neap::usable_size(object, "malloc_usable_size"); }
inline void trim() { neap::heap.release_all(); }

#else

inline constexpr bool sanitized = false;
inline constexpr int slowdown = 1;

inline void* allocate(std::size_t size) { return std::malloc(size); }
inline void* allocate_zeroed(std::size_t size) { return std::calloc(1, size); }
inline void* allocate_aligned(std::size_t align, std::size_t size) {
  void* object = nullptr;
  const int code = posix_memalign(&object, align, size);
  if (code != 0) errno = code;
  return code == 0 ? object : nullptr;
}
inline void* reallocate(void* object, std::size_t size) { return std::realloc(object, size); }
inline void deallocate(void* object) { std::free(object); }
inline std::size_t usable_size(void* object) { return malloc_usable_size(object); }
inline void trim() { malloc_trim(0); }

#endif

}  // namespace stress

#endif
