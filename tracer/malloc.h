// The recorded functions. The functions of C (exported.cc) and operator new and delete (new.cc) call them. malloc.cc
// defines them for the tracer, which notes every call, and profiled.cc for the profiler, which samples some.
#pragma once

#include <cstddef>

namespace neap::tracer {

void* record_malloc(std::size_t size);
void* record_aligned_alloc(std::size_t alignment, std::size_t size);
void record_free(void* object);
void* record_calloc(std::size_t count, std::size_t size);
void* record_realloc(void* object, std::size_t size);
void* record_memalign(std::size_t alignment, std::size_t size);
int record_posix_memalign(void** object, std::size_t alignment, std::size_t size);

}  // namespace neap::tracer
