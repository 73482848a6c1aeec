// operator new and delete. The checker tells them apart from malloc and free, and the forms for arrays from those for
// one object. When memory runs out they call the next operator new, which runs the new-handler and throws.
#include <cstddef>
#include <new>

#include "misuse/checked.h"
#include "tracer/next_new.h"

namespace neap::misuse {
namespace {

void* make_or_throw(std::size_t size, Call by) {
  void* const object = make(size, by);
  return object != nullptr ? object : tracer::fail_as_next_does(size);
}
void* make_or_throw(std::size_t size, std::align_val_t align, Call by) {
  void* const object = make_aligned(static_cast<std::size_t>(align), size, by);
  return object != nullptr ? object : tracer::fail_as_next_does(size);
}
void* make_or_null(std::size_t size, std::align_val_t align, Call by) {
  return make_aligned(static_cast<std::size_t>(align), size, by);
}

}  // namespace
}  // namespace neap::misuse

using namespace neap::misuse;

#pragma GCC visibility push(default)

// clang-format off
void* operator new(std::size_t n) { return make_or_throw(n, Call::make); }
void* operator new[](std::size_t n) { return make_or_throw(n, Call::make_array); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return make(n, Call::make); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return make(n, Call::make_array); }
void* operator new(std::size_t n, std::align_val_t a) { return make_or_throw(n, a, Call::make); }
void* operator new[](std::size_t n, std::align_val_t a) { return make_or_throw(n, a, Call::make_array); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return make_or_null(n, a, Call::make); }
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return make_or_null(n, a, Call::make_array); }

void operator delete(void* p) noexcept { end(p, Call::end); }
void operator delete[](void* p) noexcept { end(p, Call::end_array); }
void operator delete(void* p, std::size_t n) noexcept { end(p, Call::end, n); }
void operator delete[](void* p, std::size_t n) noexcept { end(p, Call::end_array, n); }
void operator delete(void* p, const std::nothrow_t&) noexcept { end(p, Call::end); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { end(p, Call::end_array); }
void operator delete(void* p, std::align_val_t) noexcept { end(p, Call::end); }
void operator delete[](void* p, std::align_val_t) noexcept { end(p, Call::end_array); }
void operator delete(void* p, std::size_t n, std::align_val_t) noexcept { end(p, Call::end, n); }
void operator delete[](void* p, std::size_t n, std::align_val_t) noexcept { end(p, Call::end_array, n); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { end(p, Call::end); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { end(p, Call::end_array); }
// clang-format on

#pragma GCC visibility pop
