// The C allocation functions: C11, C17, C23, POSIX, and glibc's extras that allocate. Where the standards leave a
// choice they do what glibc does: malloc(0) gives a unique pointer, realloc(p, 0) frees, memalign rounds an alignment
// that is no power of two up to one. docs/conformance.md has what each call does, and by which standard.
#include <malloc.h>
#include <stdlib.h>

#include <bit>
#include <cstring>

#include "api/export.h"
#include "api/fast.h"

namespace {

constexpr std::size_t kMaxAlign = SIZE_MAX / 2 + 1;

void* aligned(std::size_t align, std::size_t size) {
  if (align > kMaxAlign) {
    errno = EINVAL;
    return nullptr;
  }
  return neap::allocate_aligned(std::bit_ceil(align), size);
}

void* whole_pages(std::size_t size) {
  if (size > neap::kMaxBytes) return neap::out_of_memory();
  const std::size_t page = neap::os::read_page_size();
  return aligned(page, neap::round_up(size, page));
}

void check_size(void* pointer, std::size_t size, const char* function) {
  if (pointer != nullptr && size > neap::usable_size(pointer, function)) {
    neap::misuse(neap::Misuse::wrong_size, function, pointer, "the size given is above the object's");
  }
}

}  // namespace

extern "C" {

NEAP_EXPORT void* malloc(std::size_t size) noexcept { return neap::allocate(size); }
NEAP_EXPORT void free(void* pointer) noexcept { neap::deallocate(pointer, "free"); }
NEAP_EXPORT void* calloc(std::size_t count, std::size_t size) noexcept { return neap::allocate_zeroed(count, size); }
NEAP_EXPORT void* realloc(void* pointer, std::size_t size) noexcept {
  return neap::reallocate(pointer, size, "realloc");
}

NEAP_EXPORT void* reallocarray(void* pointer, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return neap::out_of_memory();
  return neap::reallocate(pointer, bytes, "reallocarray");
}

NEAP_EXPORT void free_sized(void* pointer, std::size_t size) noexcept {
  check_size(pointer, size, "free_sized");
  neap::deallocate(pointer, "free_sized");
}

NEAP_EXPORT void free_aligned_sized(void* pointer, std::size_t, std::size_t size) noexcept {
  check_size(pointer, size, "free_aligned_sized");
  neap::deallocate(pointer, "free_aligned_sized");
}

NEAP_EXPORT void* memalign(std::size_t align, std::size_t size) noexcept { return aligned(align, size); }
// This one alone refuses an alignment that is no power of two, as the standard says and glibc does since 2.38.
NEAP_EXPORT void* aligned_alloc(std::size_t align, std::size_t size) noexcept {
  if (neap::is_power_of_two(align)) return aligned(align, size);
  errno = EINVAL;
  return nullptr;
}
NEAP_EXPORT void* valloc(std::size_t size) noexcept { return aligned(neap::os::read_page_size(), size); }

NEAP_EXPORT void* pvalloc(std::size_t size) noexcept { return whole_pages(size); }

NEAP_EXPORT int posix_memalign(void** out, std::size_t align, std::size_t size) noexcept {
  if (align % sizeof(void*) != 0 || !neap::is_power_of_two(align)) return EINVAL;
  const int before = errno;
  void* object = neap::allocate_aligned(align, size);
  errno = before;
  if (object == nullptr) return ENOMEM;
  *out = object;
  return 0;
}

NEAP_EXPORT std::size_t malloc_usable_size(void* pointer) noexcept {
  return neap::usable_size(pointer, "malloc_usable_size");
}

// glibc's second names of the same functions, and cfree, which programs linked before 2017 call. Their objects have to
// be of this heap as well.
NEAP_EXPORT void* __libc_malloc(std::size_t size) noexcept { return neap::allocate(size); }
NEAP_EXPORT void __libc_free(void* pointer) noexcept { neap::deallocate(pointer, "__libc_free"); }
NEAP_EXPORT void cfree(void* pointer) noexcept { neap::deallocate(pointer, "cfree"); }
NEAP_EXPORT void* __libc_memalign(std::size_t align, std::size_t size) noexcept { return aligned(align, size); }
NEAP_EXPORT void* __libc_valloc(std::size_t size) noexcept { return valloc(size); }
NEAP_EXPORT void* __libc_pvalloc(std::size_t size) noexcept { return whole_pages(size); }
NEAP_EXPORT void* __libc_calloc(std::size_t count, std::size_t size) noexcept {
  return neap::allocate_zeroed(count, size);
}
NEAP_EXPORT void* __libc_realloc(void* pointer, std::size_t size) noexcept {
  return neap::reallocate(pointer, size, "__libc_realloc");
}

}  // extern "C"
