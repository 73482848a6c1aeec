// The allocator behind the recorder: the next definition of each function in the dynamic linker's order, which is
// glibc's or that of a library preloaded after this one. The functions are found once. dlsym may allocate meanwhile;
// such early calls are served from a small static buffer, whose memory is never given back.
#pragma once

#include <cstddef>

namespace neap::tracer {

struct Next {
  void* (*malloc)(std::size_t) = nullptr;
  void* (*calloc)(std::size_t, std::size_t) = nullptr;
  void* (*realloc)(void*, std::size_t) = nullptr;
  void (*free)(void*) = nullptr;
  int (*posix_memalign)(void**, std::size_t, std::size_t) = nullptr;
  void* (*aligned_alloc)(std::size_t, std::size_t) = nullptr;
  void* (*memalign)(std::size_t, std::size_t) = nullptr;
};

// True when next() may be called; finds the functions and attaches to the channel at the first call.
bool ready();
const Next& next();

void* take_early(std::size_t bytes, std::size_t alignment);
// The same for calloc; null when the product overflows.
void* take_early_zeroed(std::size_t count, std::size_t size, std::size_t alignment);
bool is_early(const void* object);
std::size_t early_bytes_from(const void* object);  // how many bytes from there on lie in the buffer

}  // namespace neap::tracer
