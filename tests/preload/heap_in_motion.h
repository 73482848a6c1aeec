/* A heap in motion for the misuses at random: objects of all sizes in slots, from which any thread may take them, and
 * what a pointer is to that heap. */
#ifndef NEAP_TESTS_PRELOAD_HEAP_IN_MOTION_H
#define NEAP_TESTS_PRELOAD_HEAP_IN_MOTION_H

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

enum { SLOTS = 1024, FREED = 1024 };

static _Atomic(char*) slots[SLOTS]; /* live objects, whoever takes one out owns it */
static _Atomic(char*) freed[FREED]; /* the last ones freed, by turns */
static atomic_uint freed_count;

struct random {
  uint64_t state;
};

static uint64_t next(struct random* random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}
static size_t below(struct random* random, size_t limit) { return (size_t)(next(random) % limit); }

/* Small ones mostly, and most of a few sizes: those have slabs of their own. */
static size_t some_size(struct random* random) {
  static const size_t often[] = {8, 16, 24, 48, 64, 100, 128, 200, 512, 1000, 3000, 4368};
  if (below(random, 3) != 0) return often[below(random, sizeof often / sizeof often[0])];
  const size_t most[] = {128, 1024, 8192, 8192, 32768, 1 << 19};
  return 1 + below(random, most[below(random, 32) != 0 ? below(random, 5) : 5]);
}

static char* make(struct random* random) {
  const size_t size = some_size(random);
  void* object = NULL;
  if (below(random, 16) != 0) {
    object = malloc(size);
  } else if (posix_memalign(&object, (size_t)16 << below(random, 9), size) != 0) {
    _exit(3);
  }
  if (below(random, 4) != 0) memset(object, 0x5a, size);
  return object;
}

static void drop(char* object) {
  free(opaque(object));
  freed[atomic_fetch_add(&freed_count, 1) % FREED] = object;
}

static void put(char* object, size_t slot) {
  char* other = atomic_exchange(&slots[slot], object);
  if (other != NULL) drop(other);
}

/* Takes any live object out. */
static char* take(struct random* random) {
  for (;;) {
    char* object = atomic_exchange(&slots[below(random, SLOTS)], NULL);
    if (object != NULL) return object;
    put(make(random), below(random, SLOTS));
  }
}

static void move(struct random* random, size_t steps) {
  for (; steps > 0; --steps) {
    const size_t what = below(random, 16);
    if (what < 7) {
      put(make(random), below(random, SLOTS));
    } else if (what < 15) {
      drop(take(random));
    } else {
      put(realloc(take(random), some_size(random)), below(random, SLOTS));
    }
  }
}

enum { IS_LIVE = 1, IS_INSIDE, IS_NOTHING };

static int state_of(const char* pointer) {
  for (size_t i = 0; i < SLOTS; ++i) {
    char* object = slots[i];
    if (object == NULL || pointer < object || pointer >= object + malloc_usable_size(object)) continue;
    return pointer == object ? IS_LIVE : IS_INSIDE;
  }
  return IS_NOTHING;
}

#endif
