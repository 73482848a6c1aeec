// C23's free_sized and free_aligned_sized (7.24.3.4, 7.24.3.5), found at run time as glibc has none yet.
#include <malloc.h>

#include <cerrno>
#include <cstdlib>

#include "tables.h"

extern "C" {
[[gnu::weak]] void free_sized(void* object, std::size_t size) noexcept;
[[gnu::weak]] void free_aligned_sized(void* object, std::size_t alignment, std::size_t size) noexcept;
}

namespace conformance {
namespace {

void null_is_nothing() {
  errno = 12345;
  free_sized(opaque(static_cast<void*>(nullptr)), 100);
  free_aligned_sized(opaque(static_cast<void*>(nullptr)), 64, 100);
  expect(errno == 12345);
}

// The size that was asked for last, by whichever call of the three.
void sizes_as_asked() {
  for (const std::size_t size : sizes) {
    errno = 12345;
    free_sized(opaque(malloc(size)), size);
    free_sized(opaque(calloc(1, size)), size);
    free_sized(opaque(calloc(size, 1)), size);
    free_sized(opaque(realloc(malloc(size * 2 + 64), size + 1)), size + 1);
    free_sized(opaque(realloc(malloc(size / 2), size + 1)), size + 1);
    expect(errno == 12345);
  }
}

void alignments_as_asked() {
  for (std::size_t alignment = 1; alignment <= 1 << 21; alignment *= 2)
    for (const std::size_t size : sizes) {
      errno = 12345;
      free_aligned_sized(opaque(aligned_alloc(alignment, size)), alignment, size);
      expect(errno == 12345);
    }
}

// They free: as often, the heap does not grow.
void they_do_free() {
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::size_t before = in_use();
  for (int i = 0; i < 1000; ++i) {
    free_sized(opaque(malloc(100000)), 100000);
    free_aligned_sized(opaque(aligned_alloc(4096, 100000)), 4096, 100000);
  }
  expect(in_use() < before + 50 * 100000);
}

constexpr Row rows[] = {
    {"free_sized.null", null_is_nothing, Holds::on_neap},
    {"free_sized.sizes", sizes_as_asked, Holds::on_neap},
    {"free_sized.frees", they_do_free, Holds::on_neap},
    {"free_aligned_sized.alignments", alignments_as_asked, Holds::on_neap},
};

}  // namespace

std::span<const Row> sized_free_rows() { return rows; }

}  // namespace conformance
