// The allocator behind the recorder: the next definition of each function in the order of the dynamic linker, be it
// glibc's or that of a library preloaded after this one. Found once; calls that come while it is being found (dlsym
// may allocate) are served from a small static buffer whose memory is never given back.
#pragma once

#include <cstddef>

namespace neap::recorder {

struct Next {
  void* (*malloc)(size_t) = nullptr;
  void* (*calloc)(size_t, size_t) = nullptr;
  void* (*realloc)(void*, size_t) = nullptr;
  void (*free)(void*) = nullptr;
  int (*posix_memalign)(void**, size_t, size_t) = nullptr;
  void* (*aligned_alloc)(size_t, size_t) = nullptr;
  void* (*memalign)(size_t, size_t) = nullptr;
};

// True when next() may be called; finds the functions and attaches to the channel at the first call.
bool ready();
const Next& next();

void* take_early(size_t bytes, size_t alignment);
bool is_early(const void* object);
size_t early_bytes_from(const void* object);  // what can safely be read from there

}  // namespace neap::recorder
