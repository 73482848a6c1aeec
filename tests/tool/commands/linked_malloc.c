/* A program that links jemalloc, as Debian's redis-server does. Prints how much jemalloc has served to it, the usable
 * size of a 100-byte object, and fails when aligned memory or zeroed memory is not what it was asked to be. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int mallctl(const char* name, void* old, size_t* old_size, void* new_value, size_t new_size);

int main(void) {
  enum { objects = 1000, size = 4000 };
  for (int at = 0; at < objects; ++at) {
    void* aligned = NULL;
    if (posix_memalign(&aligned, 256, size) != 0 || (uintptr_t)aligned % 256 != 0) return 1;
    free(aligned);
    char* zeroed = calloc(1, size);
    if (zeroed == NULL || zeroed[size - 1] != 0) return 1;
    zeroed[size - 1] = 1;
    free(reallocarray(zeroed, 2, size));
  }
  uint64_t served = 0;
  size_t length = sizeof served;
  if (mallctl("thread.allocated", &served, &length, NULL, 0) != 0) return 1;
  void* object = malloc(100);
  printf("jemalloc served %s, usable %zu\n", served > 1000000 ? "much" : "nothing", malloc_usable_size(object));
  free(object);
  return 0;
}
