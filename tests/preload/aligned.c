/* Alignment: of every plain allocation, and of the calls that ask for one, with their errors. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static void plain_objects(void) {
  for (size_t size = 0; size <= 70000; size += size < 4200 ? 1 : 487) {
    char* objects[3] = {malloc(size), calloc(1, size), realloc(malloc(size / 2), size + (size == 0))};
    for (int i = 0; i < 3; ++i) {
      const size_t usable = malloc_usable_size(opaque(objects[i]));
      EXPECT(usable >= size);
      EXPECT(aligned_to(objects[i], size >= 16 ? 16 : 8));
      memset(objects[i], (int)size, usable); /* all of it is the caller's to use */
    }
    for (int i = 0; i < 3; ++i) free(objects[i]);
  }
  EXPECT(malloc_usable_size(NULL) == 0);
}

/* What an allocator has at hand for a size may have been placed for a call that asked for no alignment. First of all: a
 * young heap puts objects of different sizes side by side. */
static void after_plain_objects_of_the_size(void) {
  for (size_t size = 64; size <= 8192; size += 64) {
    const size_t alignment = size & (~size + 1);
    EXPECT(opaque(malloc(16)) != NULL);
    for (int i = 0; i < 6; ++i) {
      EXPECT(opaque(malloc(size)) != NULL);
      void* object = NULL;
      EXPECT(posix_memalign(&object, alignment, size) == 0);
      EXPECT(aligned_to(object, alignment));
      EXPECT(malloc_usable_size(object) >= size);
    }
  }
}

static void every_alignment(void) {
  static const size_t sizes[] = {0, 1, 24, 100, 1000, 4095, 4096, 5000, 40000, 70000, 1 << 20};
  for (size_t alignment = 8; alignment <= (size_t)8 << 20; alignment *= 2) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
      const size_t size = opaque_size(sizes[i]);
      void* objects[4] = {0};
      EXPECT(posix_memalign(&objects[0], alignment, size) == 0);
      objects[1] = memalign(alignment, size);
      objects[2] = aligned_alloc(alignment, size);
      EXPECT(posix_memalign(&objects[3], alignment, size) == 0);
      for (int j = 0; j < 4; ++j) {
        EXPECT(objects[j] != NULL && aligned_to(objects[j], alignment));
        EXPECT(malloc_usable_size(objects[j]) >= size);
        memset(objects[j], j + 1, size);
      }
      for (int j = 0; j < 4; ++j) {
        char* grown = opaque(realloc(objects[j], size * 2 + 1));
        EXPECT(grown != NULL);
        for (size_t at = 0; at < size; at += 97) EXPECT(grown[at] == j + 1);
        free(grown);
      }
    }
  }
}

static void errors(void) {
  static char marker;
  void* const before = &marker;
  void* object = before;
  errno = 0;
  EXPECT(posix_memalign(&object, opaque_size(0), 10) == EINVAL);
  EXPECT(posix_memalign(&object, opaque_size(4), 10) == EINVAL);
  EXPECT(posix_memalign(&object, opaque_size(24), 10) == EINVAL);
  EXPECT(posix_memalign(&object, 64, opaque_size(SIZE_MAX - 100)) == ENOMEM);
  EXPECT(posix_memalign(&object, 64, opaque_size(PTRDIFF_MAX)) == ENOMEM);
  EXPECT(object == before);
  errno = 0;
  EXPECT(opaque(memalign(opaque_size(SIZE_MAX), 10)) == NULL && errno == EINVAL);
  errno = 0;
  EXPECT(opaque(memalign(64, opaque_size(SIZE_MAX - 100))) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(opaque(aligned_alloc(64, opaque_size(SIZE_MAX - 63))) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(opaque(valloc(opaque_size(SIZE_MAX - 100))) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(opaque(pvalloc(opaque_size(SIZE_MAX - 100))) == NULL && errno == ENOMEM);
}

static void odd_alignments_are_rounded_up(void) { /* memalign takes any alignment: glibc rounds up to a power of two */
  void* object = memalign(opaque_size(48), 100);
  EXPECT(object != NULL && aligned_to(object, 64));
  free(object);
  object = memalign(opaque_size(0), 100);
  EXPECT(object != NULL && aligned_to(object, 16));
  free(object);
}

static void pages(void) {
  for (size_t size = 0; size < 20000; size += 777) {
    char* object = valloc(size);
    EXPECT(object != NULL && aligned_to(object, 4096));
    free(object);
    object = pvalloc(size);
    EXPECT(object != NULL && aligned_to(object, 4096));
    const size_t whole = (size + 4095) / 4096 * 4096;
    EXPECT(malloc_usable_size(object) >= whole);
    memset(object, 3, whole);
    free(object);
  }
}

int main(void) {
  after_plain_objects_of_the_size();
  plain_objects();
  every_alignment();
  errors();
  odd_alignments_are_rounded_up();
  pages();
  return verdict();
}
