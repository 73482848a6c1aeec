// The recorded functions by names of their own, for operator new and delete beside them.
#pragma once

#include <cstddef>

namespace neap::tracer {

void* record_malloc(std::size_t size);
void* record_aligned_alloc(std::size_t alignment, std::size_t size);
void record_free(void* object);

}  // namespace neap::tracer
