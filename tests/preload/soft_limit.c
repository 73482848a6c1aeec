/* Buffers of 32 KiB to 1 MiB replaced at random while 40 MiB of them are live, then small objects of changing sizes, as
 * many: what a program does that needs nearly all that its control group allows. Under in_group, with
 * NEAP_OPTIONS=soft_limit:cgroup, it ends by itself. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { LIVE = 40 << 20, BUFFERS = 400, ROUNDS = 8000, SMALL = 150000, PHASES = 4 };

static uint64_t state = 88172645463325252u;

static size_t below(size_t most) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (size_t)(state >> 11) % most;
}

static void* buffers[BUFFERS];
static size_t sizes[BUFFERS];
static size_t live;

static void drop(size_t i) {
  free(buffers[i]);
  buffers[i] = NULL;
  live -= sizes[i];
  sizes[i] = 0;
}

static void replace_buffers(void) {
  for (int round = 0; round < ROUNDS; ++round) {
    const size_t i = below(BUFFERS), size = ((size_t)32 << 10) << below(5);
    const size_t wanted = size + below(size);
    drop(i);
    while (live + wanted > LIVE) drop(below(BUFFERS));
    buffers[i] = malloc(wanted);
    EXPECT(buffers[i] != NULL);
    memset(buffers[i], 1, wanted);
    sizes[i] = wanted;
    live += wanted;
  }
  for (size_t i = 0; i < BUFFERS; ++i) drop(i);
}

/* Each phase frees all but a tenth, and takes as many bytes by another size. */
static void change_sizes(void) {
  static void* objects[SMALL];
  for (int phase = 0; phase < PHASES; ++phase) {
    const size_t size = 60u + 70u * (size_t)phase, count = (size_t)SMALL * 60 / size;
    for (size_t i = 0; i < SMALL; ++i) {
      if (below(10) == 0) continue;
      free(objects[i]);
      objects[i] = i < count ? opaque(malloc(size)) : NULL;
      if (objects[i] != NULL) memset(objects[i], 1, size);
    }
  }
  for (size_t i = 0; i < SMALL; ++i) free(objects[i]);
}

int main(void) {
  replace_buffers();
  change_sizes();
  return verdict();
}
