/* What makes an allocator ask the system for all that it ever asks for: more small objects than its first memory holds,
 * objects that grow, large ones that are written and end, more address space, pages returned. */
#ifndef NEAP_TESTS_PRELOAD_ASKS_SYSTEM_H
#define NEAP_TESTS_PRELOAD_ASKS_SYSTEM_H

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static inline void use_small(void) {
  enum { COUNT = 60000 };
  void** objects = malloc(COUNT * sizeof *objects);
  for (size_t i = 0; i < COUNT; ++i) objects[i] = malloc(i % 1000);
  for (size_t i = 0; i < COUNT; ++i) free(objects[i]);
  free(objects);
}

static inline void grow(void) {
  char* object = NULL;
  for (size_t size = 64; size <= (size_t)16 << 20; size *= 2) {
    object = realloc(object, size);
    memset(object, 1, size);
  }
  free(object);
}

static inline void use_large(void) {
  enum { COUNT = 100, WRITTEN = 8, SIZE = 4 << 20 };
  void* objects[COUNT];
  for (int i = 0; i < COUNT; ++i) objects[i] = opaque(malloc(SIZE));
  for (int i = 0; i < WRITTEN; ++i) memset(objects[i], 1, SIZE);
  for (int i = 0; i < COUNT; ++i) free(objects[i]);
}

static inline void ask_system(void) {
  use_small();
  grow();
  use_large();
  malloc_trim(0);
}

#endif
