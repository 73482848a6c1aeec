// aligned_alloc (C17 7.22.3.1, C23 7.24.3.1), posix_memalign (POSIX 2024), memalign, valloc and pvalloc (glibc's
// manual, 3.2.3.6).
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tables.h"

namespace conformance {
namespace {

constexpr std::size_t largest_alignment = std::size_t{8} << 20;
constexpr std::size_t no_powers[] = {3, 24, 48, 4095, SIZE_MAX / 2, SIZE_MAX};

using Call = void* (*)(std::size_t alignment, std::size_t size);

void* by_posix(std::size_t alignment, std::size_t size) {
  void* object = nullptr;
  expect(posix_memalign(&object, alignment, size) == 0);
  return object;
}

// Every power of two, every size: aligned, large enough, all of it usable, and realloc keeps what is in it.
void expect_aligned(Call call, std::size_t least) {
  for (std::size_t alignment = least; alignment <= largest_alignment; alignment *= 2)
    for (const std::size_t size : sizes) {
      auto* object = static_cast<unsigned char*>(call(opaque(alignment), opaque(size)));
      expect(object != nullptr && is_aligned(object, alignment));
      const std::size_t usable = malloc_usable_size(object);
      expect(usable >= size);
      std::memset(object, 0x77, usable);
      object = static_cast<unsigned char*>(realloc(object, size + 1));
      expect(object != nullptr && (size == 0 || (object[0] == 0x77 && object[size - 1] == 0x77)));
      free(object);
    }
}

void expect_distinct_of_nothing(Call call) {
  void* one = call(64, opaque(std::size_t{0}));
  void* other = call(64, opaque(std::size_t{0}));
  expect(one != nullptr && other != nullptr && one != other);
  free(one);
  free(other);
}

void expect_refused(Call call, std::size_t alignment, std::size_t size, int error) {
  errno = 0;
  void* object = opaque(call(opaque(alignment), opaque(size)));
  expect(object == nullptr && errno == error);
  free(object);
}

void expect_too_large_refused(Call call) {
  for (const std::size_t size : too_large)
    for (const std::size_t alignment : {std::size_t{8}, std::size_t{64}, std::size_t{1} << 20})
      expect_refused(call, alignment, size, ENOMEM);
  for (int bit = 62; bit <= 63; ++bit) expect_refused(call, std::size_t{1} << bit, 1, ENOMEM);
}

void aligned_alloc_aligns() { expect_aligned(aligned_alloc, 1); }
void aligned_alloc_of_nothing() { expect_distinct_of_nothing(aligned_alloc); }
void aligned_alloc_too_large() { expect_too_large_refused(aligned_alloc); }
void aligned_alloc_bad_alignment() {
  expect_refused(aligned_alloc, 0, 64, EINVAL);
  for (const std::size_t alignment : no_powers) expect_refused(aligned_alloc, alignment, 64, EINVAL);
}

void memalign_aligns() { expect_aligned(memalign, 1); }
void memalign_too_large() { expect_too_large_refused(memalign); }
void memalign_rounds_alignments_up() {
  const std::size_t wanted[][2] = {{0, 16}, {3, 4}, {24, 32}, {48, 64}, {4095, 4096}};
  for (const auto& [alignment, rounded] : wanted) {
    void* object = memalign(opaque(alignment), 100);
    expect(object != nullptr && is_aligned(object, rounded));
    free(object);
  }
  expect_refused(memalign, (std::size_t{1} << 63) + 1, 1, EINVAL);
  expect_refused(memalign, SIZE_MAX, 1, EINVAL);
}

void posix_memalign_aligns() { expect_aligned(by_posix, sizeof(void*)); }
void posix_memalign_of_nothing() { expect_distinct_of_nothing(by_posix); }

void expect_untouched(std::size_t alignment, std::size_t size, int error) {
  static char marker;
  void* object = &marker;
  expect(posix_memalign(&object, opaque(alignment), opaque(size)) == error);
  expect(object == &marker);
}

void posix_memalign_bad_alignment() {
  for (std::size_t alignment = 0; alignment < sizeof(void*); ++alignment)
    expect_untouched(alignment, 64, EINVAL);  // no multiple of a pointer's size
  for (const std::size_t alignment : no_powers) expect_untouched(alignment, 64, EINVAL);
}

void posix_memalign_too_large() {
  for (const std::size_t size : too_large) expect_untouched(64, size, ENOMEM);
  expect_untouched(std::size_t{1} << 62, 1, ENOMEM);
  expect_untouched(std::size_t{1} << 63, 1, ENOMEM);
}

void valloc_gives_pages() {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (const std::size_t size : sizes) {
    void* object = valloc(opaque(size));
    expect(object != nullptr && is_aligned(object, page) && malloc_usable_size(object) >= size);
    free(object);
  }
}

void pvalloc_gives_whole_pages() {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (const std::size_t size : sizes) {
    void* object = pvalloc(opaque(size));
    const std::size_t whole = (size + page - 1) / page * page;
    expect(object != nullptr && is_aligned(object, page) && malloc_usable_size(object) >= whole);
    std::memset(object, 1, whole);
    free(object);
  }
}

void* by_valloc(std::size_t, std::size_t size) { return valloc(size); }
void* by_pvalloc(std::size_t, std::size_t size) { return pvalloc(size); }
void valloc_too_large() {
  for (const std::size_t size : too_large) expect_refused(by_valloc, 0, size, ENOMEM);
}
void pvalloc_too_large() {
  for (const std::size_t size : too_large) expect_refused(by_pvalloc, 0, size, ENOMEM);
}

constexpr Row rows[] = {
    {"aligned_alloc.aligns", aligned_alloc_aligns},
    {"aligned_alloc.zero", aligned_alloc_of_nothing},
    {"aligned_alloc.bad_alignment", aligned_alloc_bad_alignment, Holds::since_glibc_2_38},
    {"aligned_alloc.too_large", aligned_alloc_too_large},
    {"posix_memalign.aligns", posix_memalign_aligns},
    {"posix_memalign.zero", posix_memalign_of_nothing},
    {"posix_memalign.bad_alignment", posix_memalign_bad_alignment},
    {"posix_memalign.too_large", posix_memalign_too_large},
    {"memalign.aligns", memalign_aligns},
    {"memalign.rounds_up", memalign_rounds_alignments_up},
    {"memalign.too_large", memalign_too_large},
    {"valloc.pages", valloc_gives_pages},
    {"valloc.too_large", valloc_too_large},
    {"pvalloc.whole_pages", pvalloc_gives_whole_pages},
    {"pvalloc.too_large", pvalloc_too_large},
};

}  // namespace

std::span<const Row> aligned_rows() { return rows; }

}  // namespace conformance
