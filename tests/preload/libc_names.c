/* glibc's second names for its malloc family: an object of one family is used and given back by the other. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* object, size_t size);
void* __libc_memalign(size_t align, size_t size);
void* __libc_valloc(size_t size);
void* __libc_pvalloc(size_t size);
void __libc_free(void* object);

enum { PAGE = 4096 };
static const size_t sizes[] = {1, 24, 100, 1000, 5000, 40000, 300000, 3000000};

static char* fill(void* object, size_t size) {
  EXPECT(object != NULL && malloc_usable_size(object) >= size);
  return memset(opaque(object), 'x', size);
}

/* Grown by the public realloc and by the other, then freed. */
static void live_and_end(void* object, size_t size, void (*end)(void*)) {
  char* grown = opaque(realloc(fill(object, size), size * 3));
  EXPECT(grown != NULL && grown[size - 1] == 'x');
  grown = opaque(__libc_realloc(grown, size * 9));
  EXPECT(grown != NULL && grown[size - 1] == 'x');
  end(grown);
}

int main(void) {
  void (*old_free)(void*) = NULL;
  *(void**)&old_free = dlsym(RTLD_DEFAULT, "cfree"); /* glibc's own serves old programs alone */
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    const size_t size = sizes[i];
    live_and_end(__libc_malloc(size), size, free);
    live_and_end(malloc(size), size, __libc_free);
    live_and_end(__libc_realloc(NULL, size), size, free);
    free(fill(__libc_memalign(256, size), size));
    free(fill(__libc_valloc(size), size));
    free(fill(__libc_pvalloc(size), size));
    if (old_free != NULL) old_free(fill(malloc(size), size));

    char* zeros = __libc_calloc(size, 2);
    EXPECT(zeros != NULL && zeros[0] == 0 && zeros[size * 2 - 1] == 0);
    free(zeros);
    EXPECT(aligned_to(opaque(__libc_valloc(size)), PAGE));
  }
  __libc_free(NULL);
  return verdict();
}
