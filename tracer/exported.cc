// The functions of C that the tracer and the profiler put before the allocator's. Both serve them through malloc.h.
#include <errno.h>

#include "malloc.h"

using namespace neap::tracer;

extern "C" {
#pragma GCC visibility push(default)

void* malloc(std::size_t size) { return record_malloc(size); }
void free(void* object) { record_free(object); }
void cfree(void* object) { record_free(object); }
void* calloc(std::size_t count, std::size_t size) { return record_calloc(count, size); }
void* realloc(void* object, std::size_t size) { return record_realloc(object, size); }
void* memalign(std::size_t alignment, std::size_t size) { return record_memalign(alignment, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return record_aligned_alloc(alignment, size); }
int posix_memalign(void** object, std::size_t alignment, std::size_t size) {
  return record_posix_memalign(object, alignment, size);
}
void* valloc(std::size_t size) { return record_memalign(4096, size); }
void* pvalloc(std::size_t size) { return record_memalign(4096, (size + 4095) & ~std::size_t{4095}); }
void free_sized(void* object, std::size_t) { record_free(object); }
void free_aligned_sized(void* object, std::size_t, std::size_t) { record_free(object); }

void* reallocarray(void* object, std::size_t count, std::size_t size) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(object, bytes);
}

#pragma GCC visibility pop
}
