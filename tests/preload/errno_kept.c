/* free keeps errno, whatever it has to do: return pages, flush a cache, nothing at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "expect.h"

static void free_of(size_t size, int locked) {
  enum { COUNT = 200 };
  static char* objects[COUNT];
  const int count = size > 100000 ? 4 : COUNT;
  for (int i = 0; i < count; ++i) {
    objects[i] = opaque(malloc(size));
    memset(objects[i], 1, size);
    if (locked) mlock(objects[i], size); /* returning a locked page fails in the kernel: EINVAL must not come through */
  }
  for (int i = 0; i < count; ++i) {
    errno = 12345;
    free(opaque(objects[i]));
    EXPECT(errno == 12345);
  }
}

int main(void) {
  for (size_t size = 8; size <= (size_t)32 << 20; size *= 4) free_of(size, 0);
  for (size_t size = 4096; size <= (size_t)1 << 20; size *= 4) free_of(size, 1);
  errno = 12345;
  free(NULL);
  EXPECT(errno == 12345);
  return verdict();
}
