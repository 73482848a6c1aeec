/* What every preload program checks with: EXPECT reports a false condition and goes on, verdict() is main's exit code.
 * opaque() hides a value from the compiler, so that it can neither warn about a deliberate misuse nor remove it. */
#ifndef NEAP_TESTS_PRELOAD_EXPECT_H
#define NEAP_TESTS_PRELOAD_EXPECT_H

#include <stdint.h>
#include <stdio.h>

static int expect_failures;

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      ++expect_failures;                                                       \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition); \
    }                                                                          \
  } while (0)

#define SKIPPED 77 /* the exit code that CTest counts as skipped */

static inline int verdict(void) { return expect_failures == 0 ? 0 : 1; }

static inline void* opaque(void* pointer) {
  __asm__ volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}

static inline size_t opaque_size(size_t size) {
  __asm__ volatile("" : "+r"(size));
  return size;
}

static inline int aligned_to(const void* pointer, size_t alignment) {
  return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

#endif
