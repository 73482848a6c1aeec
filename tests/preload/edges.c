/* Sizes at the edges: nothing, too much, and products that overflow; what glibc answers is what counts. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static void nothing_is_an_object(void) {
  enum { COUNT = 200 };
  void* objects[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    objects[i] = opaque(i % 2 == 0 ? malloc(opaque_size(0)) : calloc(opaque_size(0), 8));
    EXPECT(objects[i] != NULL);
    for (int j = 0; j < i; ++j) EXPECT(objects[i] != objects[j]);
  }
  for (int i = 0; i < COUNT; ++i) free(objects[i]);
  free(NULL);
}

static void realloc_to_nothing_frees(void) {
  char* object = opaque(malloc(100));
  EXPECT(realloc(object, opaque_size(0)) == NULL);
  object = opaque(malloc(1 << 20));
  EXPECT(realloc(object, opaque_size(0)) == NULL);
  object = opaque(realloc(NULL, opaque_size(0))); /* realloc(NULL, n) is malloc(n), for 0 too */
  EXPECT(object != NULL);
  free(object);
}

static void realloc_of_null_allocates(void) {
  char* object = opaque(realloc(NULL, opaque_size(300)));
  EXPECT(object != NULL);
  memset(object, 7, 300);
  free(object);
  object = opaque(reallocarray(NULL, 30, opaque_size(10)));
  EXPECT(object != NULL && malloc_usable_size(object) >= 300);
  free(object);
}

#define REFUSED(call)                                \
  do {                                               \
    errno = 0;                                       \
    EXPECT(opaque(call) == NULL && errno == ENOMEM); \
  } while (0)

static void too_much_is_refused(void) {
  const size_t sizes[] = {PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 4096, SIZE_MAX - 15, SIZE_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    char* object = opaque(malloc(50));
    strcpy(object, "kept");
    const size_t size = opaque_size(sizes[i]);
    REFUSED(malloc(size));
    REFUSED(calloc(1, size));
    REFUSED(calloc(size, 1));
    REFUSED(realloc(object, size));
    REFUSED(realloc(NULL, size));
    REFUSED(reallocarray(object, size, 1));
    EXPECT(strcmp(object, "kept") == 0); /* a refused realloc leaves the object alone */
    free(object);
  }
}

static void overflowing_products_are_refused(void) {
  const size_t half = opaque_size((size_t)1 << 32);
  char* object = opaque(malloc(50));
  strcpy(object, "kept");
  REFUSED(calloc(half, half));
  REFUSED(calloc(half, half + 1)); /* modulo 2^64 this product is small */
  REFUSED(calloc(SIZE_MAX / 2 + 1, 2));
  REFUSED(reallocarray(NULL, half, half + 1));
  REFUSED(reallocarray(object, half, half + 1));
  EXPECT(strcmp(object, "kept") == 0);
  free(object);
}

int main(void) {
  nothing_is_an_object();
  realloc_to_nothing_frees();
  realloc_of_null_allocates();
  too_much_is_refused();
  overflowing_products_are_refused();
  return verdict();
}
