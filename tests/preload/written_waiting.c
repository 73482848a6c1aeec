/* A hardened process writes to a freed object, again and again, and its handler of SIGABRT jumps out. Each time the
 * object written to is lost; those that would have left the quarantine with it wait on, and are counted while they do.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "expect.h"
#include "neap/neap.h"

extern size_t neap_stats(struct neap_telemetry* out, size_t size) __attribute__((weak));
extern void neap_check(void) __attribute__((weak));

enum { SIZE = 16000, ROUNDS = 40, MOST = 5000 };

static sigjmp_buf on;
static void jump(int number) { siglongjmp(on, number); }

static struct neap_telemetry figures(void) {
  struct neap_telemetry figures;
  neap_stats(&figures, sizeof figures);
  return figures;
}

/* False when nobody found it. */
static int write_to_one_that_waits(void) {
  if (sigsetjmp(on, 1) != 0) return 1;
  volatile char* object = opaque(malloc(SIZE));
  free(opaque((void*)object));
  object[8] = 1;
  for (int i = 0; i < MOST; ++i) free(opaque(malloc(SIZE)));
  return 0;
}

int main(void) {
  signal(SIGABRT, jump);
  const uint64_t before = figures().small_bytes;
  for (int i = 0; i < ROUNDS; ++i) EXPECT(write_to_one_that_waits());
  EXPECT(figures().quarantined > (1 << 20) - 20 * SIZE); /* most of what the option lets wait */
  neap_check();
  EXPECT(figures().quarantined == 0);
  EXPECT(figures().small_bytes - before <= ROUNDS * 2 * (SIZE + SIZE / 8));
  return verdict();
}
