/* realloc keeps the contents on every way between small, medium and large, aligned origins included. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static const size_t sizes[] = {1,    15,    16,    17,    100,   1000,   1024,    1025,   4000,
                               8192, 20000, 32768, 32769, 65536, 100000, 1 << 20, 5 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static unsigned char byte_at(size_t at, size_t seed) { return (unsigned char)(at * 31 + at / 256 + seed); }

static int holds(const unsigned char* bytes, size_t size, size_t seed) {
  for (size_t at = 0; at < size; ++at) {
    if (bytes[at] != byte_at(at, seed)) return 0;
  }
  return 1;
}

static void between(size_t from, size_t to, size_t alignment) {
  unsigned char* object = opaque(alignment == 0 ? malloc(from) : aligned_alloc(alignment, from));
  unsigned char* fence =
      opaque(malloc(from)); /* something behind it, so that growing in place is not always possible */
  for (size_t at = 0; at < from; ++at) object[at] = byte_at(at, from);
  memset(fence, 0xee, from);
  object = opaque(realloc(object, to));
  EXPECT(object != NULL && malloc_usable_size(object) >= to);
  EXPECT(holds(object, from < to ? from : to, from));
  for (size_t at = 0; at < to; ++at) object[at] = byte_at(at, to);
  for (size_t at = 0; at < from; ++at) EXPECT(fence[at] == 0xee);
  object = opaque(realloc(object, from));
  EXPECT(holds(object, from < to ? from : to, to));
  free(fence);
  free(object);
}

/* What grows step by step has room for the next steps: it moves less often than size classes change (34 times). What
 * doubles has none. */
static void step_by_step(void) {
  int moves = 0;
  unsigned char* object = opaque(malloc(1000));
  for (size_t size = 1000; size < 16000; size += 100) {
    object[size - 1] = byte_at(size - 1, 0);
    unsigned char* const before = object;
    object = opaque(realloc(object, opaque_size(size + 100)));
    moves += object != before;
    EXPECT(object[size - 1] == byte_at(size - 1, 0));
  }
  EXPECT(moves < 26);
  free(object);
  object = opaque(realloc(opaque(malloc(1024)), opaque_size(2048)));
  EXPECT(malloc_usable_size(object) < 2048 + 2048 / 8);
  free(object);
}

int main(void) {
  step_by_step();
  for (int from = 0; from < SIZES; ++from) {
    for (int to = 0; to < SIZES; ++to) {
      between(sizes[from], sizes[to], 0);
      between(sizes[from], sizes[to], 4096);
    }
  }
  return verdict();
}
