/* calloc gives zeros: from fresh pages, from pages that were used, returned and used again, beside dirty neighbours. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { LIVE = 64, ROUNDS = 12 };

static int all_zero(const unsigned char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != 0) return 0;
  }
  return 1;
}

static void round_of(size_t size, int trims) {
  static unsigned char* objects[LIVE];
  const int live = size > 1000000 ? 3 : LIVE;
  for (int i = 0; i < live; ++i) {
    objects[i] = calloc(1, size);
    EXPECT(objects[i] != NULL && all_zero(objects[i], size));
    memset(objects[i], 0xa5, malloc_usable_size(objects[i]));
  }
  for (int i = 0; i < live; i += 2) { /* shrink and grow leave dirt at the ends */
    objects[i] = realloc(objects[i], size / 2 + 1);
    objects[i] = realloc(objects[i], size + size / 4);
    memset(objects[i], 0x5a, size + size / 4);
  }
  for (int i = 0; i < live; ++i) free(opaque(objects[i]));
  if (trims) malloc_trim(0);
}

int main(void) {
  for (int round = 0; round < ROUNDS; ++round) {
    for (size_t size = 1; size <= 200000; size = size * 3 / 2 + 1) round_of(size, round % 3 == 2);
    if (round % 4 == 0) round_of((size_t)5 << 20, round % 3 == 2);
  }
  return verdict();
}
