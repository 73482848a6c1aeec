/* A thread's end: destructors of thread-specific data free and allocate, in every round that POSIX grants them, and
 * after the allocator's own destructor has run. What the threads leave behind is freed by the main thread. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { KEYS = 8, THREADS = 400 };
static pthread_key_t keys[KEYS];
static _Atomic int destroyed;
static void* left_behind[THREADS];

struct slot {
  int key;
  int rounds;
  char* text;
};

static struct slot* make_slot(int key, int rounds) {
  struct slot* slot = malloc(sizeof *slot);
  slot->key = key;
  slot->rounds = rounds;
  slot->text = malloc(50 + 700 * (size_t)key);
  strcpy(slot->text, "thread data");
  return slot;
}

static void destroy(void* pointer) {
  struct slot* slot = pointer;
  if (strcmp(slot->text, "thread data") != 0) abort();
  const struct slot old = *slot;
  free(slot->text);
  free(slot);
  free(opaque(realloc(malloc(2000), 9000)));
  ++destroyed;
  if (old.rounds + 1 < PTHREAD_DESTRUCTOR_ITERATIONS)
    pthread_setspecific(keys[old.key], make_slot(old.key, old.rounds + 1));
}

static void* thread_main(void* place) {
  for (int key = 0; key < KEYS; ++key) pthread_setspecific(keys[key], make_slot(key, 0));
  *(void**)place = calloc(1, 777);
  return NULL;
}

int main(void) {
  for (int key = 0; key < KEYS; ++key) EXPECT(pthread_key_create(&keys[key], destroy) == 0);
  for (int first = 0; first < THREADS; first += 4) {
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) EXPECT(pthread_create(&threads[i], NULL, thread_main, &left_behind[first + i]) == 0);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  }
  EXPECT(destroyed == THREADS * KEYS * PTHREAD_DESTRUCTOR_ITERATIONS);
  for (int i = 0; i < THREADS; ++i) free(left_behind[i]);
  return verdict();
}
