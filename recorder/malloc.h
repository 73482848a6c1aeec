// The recorded functions by names of their own, for operator new and delete beside them.
#pragma once

#include <cstddef>

namespace neap::recorder {

void* record_malloc(size_t size);
void* record_aligned_alloc(size_t alignment, size_t size);
void record_free(void* object);

}  // namespace neap::recorder
