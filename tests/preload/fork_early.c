#include "fork_early.h"

#include <pthread.h>
#include <stdlib.h>

struct fork_early fork_early;

static void call(void (*function)(void)) {
  if (function != NULL) function();
}
static void prepare(void) { call(fork_early.prepare); }
static void parent(void) { call(fork_early.parent); }
static void child(void) { call(fork_early.child); }

__attribute__((constructor(101))) static void begin(void) {
  if (pthread_atfork(prepare, parent, child) != 0) abort();
}
__attribute__((destructor(101))) static void end(void) { call(fork_early.end); }
