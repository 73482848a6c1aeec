/* The heap grows although the address space below the next mapping is taken for terabytes, and the gap above has no
 * place as aligned as an allocator may want it: MariaDB maps 8 TiB in one piece, and threads that end leave gaps. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "expect.h"

enum { MIB = 1 << 20 };
#define GIB ((uintptr_t)1 << 30)
#define GAP ((size_t)768 * MIB)

static char* take_nothing(void* at, size_t size, int extra) {
  void* p = mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | extra, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

int main(void) {
  free(opaque(malloc(1000)));
  char* gap = take_nothing(NULL, GAP, 0);
  char* huge = take_nothing(NULL, (size_t)8 << 40, 0);
  if (gap == NULL || huge == NULL || huge > gap) return SKIPPED; /* not top-down, or a limit */
  munmap(gap, GAP);
  for (uintptr_t at = ((uintptr_t)gap + GIB - 1) & ~(GIB - 1); at < (uintptr_t)gap + GAP; at += GIB) {
    EXPECT(take_nothing((void*)at, 4096, MAP_FIXED) != NULL);
  }
  enum { PIECES = 300 };
  char* pieces[PIECES];
  int refused = 0;
  for (int i = 0; i < PIECES; ++i) {
    pieces[i] = opaque(malloc(MIB));
    refused += pieces[i] == NULL;
    if (pieces[i] != NULL) memset(pieces[i], i, MIB);
  }
  EXPECT(refused == 0);
  for (int i = 0; i < PIECES; ++i) {
    EXPECT(pieces[i] == NULL || (pieces[i][0] == (char)i && pieces[i][MIB - 1] == (char)i));
    free(pieces[i]);
  }
  return verdict();
}
