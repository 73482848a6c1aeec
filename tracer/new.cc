// operator new and delete. They stand before those of an allocator that has its own, and call the recorded malloc and
// free, so that no call passes the recorder by. When memory runs out they call the next operator new, which runs the
// new-handler and throws; the exception passes through here untouched.
#include <cstddef>
#include <new>

#include "malloc.h"
#include "next_new.h"

namespace neap::tracer {
namespace {

void* make(std::size_t size) {
  void* object = record_malloc(size);
  return object != nullptr ? object : fail_as_next_does(size);
}

void* make(std::size_t size, std::align_val_t alignment) {
  void* object = record_aligned_alloc(static_cast<std::size_t>(alignment), size);
  return object != nullptr ? object : fail_as_next_does(size);
}

}  // namespace
}  // namespace neap::tracer

using namespace neap::tracer;

#pragma GCC visibility push(default)

void* operator new(std::size_t size) { return make(size); }
void* operator new[](std::size_t size) { return make(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return record_malloc(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return record_malloc(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return make(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return make(size, alignment); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return record_aligned_alloc(static_cast<std::size_t>(alignment), size);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return record_aligned_alloc(static_cast<std::size_t>(alignment), size);
}

void operator delete(void* object) noexcept { record_free(object); }
void operator delete[](void* object) noexcept { record_free(object); }
void operator delete(void* object, std::size_t) noexcept { record_free(object); }
void operator delete[](void* object, std::size_t) noexcept { record_free(object); }
void operator delete(void* object, const std::nothrow_t&) noexcept { record_free(object); }
void operator delete[](void* object, const std::nothrow_t&) noexcept { record_free(object); }
void operator delete(void* object, std::align_val_t) noexcept { record_free(object); }
void operator delete[](void* object, std::align_val_t) noexcept { record_free(object); }
void operator delete(void* object, std::size_t, std::align_val_t) noexcept { record_free(object); }
void operator delete[](void* object, std::size_t, std::align_val_t) noexcept { record_free(object); }
void operator delete(void* object, std::align_val_t, const std::nothrow_t&) noexcept { record_free(object); }
void operator delete[](void* object, std::align_val_t, const std::nothrow_t&) noexcept { record_free(object); }

#pragma GCC visibility pop
