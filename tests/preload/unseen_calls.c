/* malloc calls none of the C library's functions that other libraries stand in front of (torsocks and others), which
 * may allocate there or wait for a lock that their caller holds. Here the program has them itself: none may be called
 * from its start on, however malloc is used. (Those of memory mappings and of the clock may.) */
#include <pthread.h>

#include "asks_system.h"

static const char* called;

static long seen(const char* name) {
  called = name;
  return -1;
}

/* Their headers are left out, so that each can be declared like this. */
#define FORBIDDEN(name) \
  long name(void);      \
  long name(void) { return seen(#name); }

FORBIDDEN(open)
FORBIDDEN(open64)
FORBIDDEN(openat)
FORBIDDEN(openat64)
FORBIDDEN(read)
FORBIDDEN(close)
FORBIDDEN(fstat)
FORBIDDEN(fstat64)
FORBIDDEN(syscall)
FORBIDDEN(getrandom)
FORBIDDEN(getrlimit)
FORBIDDEN(getrlimit64)
FORBIDDEN(prlimit)
FORBIDDEN(prlimit64)
FORBIDDEN(sched_getaffinity)

static void* work(void* unused) {
  ask_system();
  return unused;
}

int main(void) {
  pthread_t threads[2];
  ask_system();
  for (int i = 0; i < 2; ++i) EXPECT(pthread_create(&threads[i], NULL, work, NULL) == 0);
  for (int i = 0; i < 2; ++i) EXPECT(pthread_join(threads[i], NULL) == 0);
  if (called != NULL) fprintf(stderr, "malloc called %s\n", called);
  EXPECT(called == NULL);
  return verdict();
}
