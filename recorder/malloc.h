// The recorded functions by names of their own, for those of C and operator new and delete: malloc.cc, which notes
// every call, or profiled.cc, which samples some.
#pragma once

#include <cstddef>

namespace neap::recorder {

void* record_malloc(size_t size);
void* record_aligned_alloc(size_t alignment, size_t size);
void record_free(void* object);
void* record_calloc(size_t count, size_t size);
void* record_realloc(void* object, size_t size);
void* record_memalign(size_t alignment, size_t size);
int record_posix_memalign(void** object, size_t alignment, size_t size);

}  // namespace neap::recorder
