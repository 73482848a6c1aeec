/* Memory runs out under RLIMIT_AS: NULL with ENOMEM, everything else goes on, and what was freed can be had again. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "expect.h"

enum { MIB = 1 << 20 };

struct piece {
  struct piece* next;
};

static void limit_to(rlim_t bytes) {
  const struct rlimit limit = {bytes, RLIM_INFINITY};
  EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Allocates pieces until refused, frees them all; returns how many bytes there were. */
static size_t exhaust(size_t piece_bytes) {
  struct piece* pieces = NULL;
  size_t bytes = 0;
  for (;;) {
    errno = 0;
    struct piece* piece = opaque(malloc(piece_bytes));
    if (piece == NULL) break;
    memset(piece, 1, piece_bytes);
    piece->next = pieces;
    pieces = piece;
    bytes += piece_bytes;
    if (bytes > (size_t)2048 * MIB) break;
  }
  EXPECT(errno == ENOMEM);
  errno = 0;
  EXPECT(opaque(calloc(4, piece_bytes > 100 ? piece_bytes : (size_t)MIB)) == NULL && errno == ENOMEM);
  while (pieces != NULL) {
    struct piece* next = pieces->next;
    free(pieces);
    pieces = next;
  }
  return bytes;
}

static void* nothing(void* argument) {
  free(opaque(malloc(100)));
  return argument;
}

static void program_still_gets_address_space(void) {
  void* own = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(own != MAP_FAILED);
  munmap(own, 64 * MIB);
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, nothing, NULL) == 0);
  pthread_join(thread, NULL);
}

int main(void) {
  free(opaque(malloc(1000))); /* the allocator is up and has reserved what it reserves */
  limit_to((rlim_t)512 * MIB);
  program_still_gets_address_space();
  const size_t sizes[] = {MIB, 100000, 3000, 200, 16 * MIB};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    const size_t bytes = exhaust(sizes[i]);
    EXPECT(bytes > (size_t)256 * MIB && bytes < (size_t)512 * MIB); /* most of the limit is the program's to use */
  }
  limit_to(RLIM_INFINITY);
  void* again = opaque(malloc((size_t)700 * MIB));
  EXPECT(again != NULL);
  free(again);
  return verdict();
}
