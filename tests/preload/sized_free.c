/* C23's free_sized and free_aligned_sized, found at run time as glibc 2.36 has none: every size the standard allows. */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

#include "expect.h"

int main(void) {
  void (*with_size)(void*, size_t) = NULL;
  void (*with_alignment)(void*, size_t, size_t) = NULL;
  *(void**)&with_size = dlsym(RTLD_DEFAULT, "free_sized");
  *(void**)&with_alignment = dlsym(RTLD_DEFAULT, "free_aligned_sized");
  if (with_size == NULL || with_alignment == NULL) return SKIPPED;
  with_size(NULL, 100);
  with_alignment(NULL, 64, 100);
  for (size_t size = 0; size < 200000; size += 1 + size / 7) {
    with_size(opaque(malloc(size)), size);
    with_size(opaque(calloc(1, size)), size);
    /* an object shrunk in place is freed with its last size, though its room was cut for the first */
    char* shrunk = opaque(realloc(malloc(size * 2 + 64), size + 1));
    with_size(shrunk, size + 1);
    for (size_t alignment = 8; alignment <= 8192; alignment *= 8) {
      with_alignment(opaque(aligned_alloc(alignment, size)), alignment, size);
    }
  }
  return verdict();
}
