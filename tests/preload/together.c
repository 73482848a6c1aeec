/* Pages of many blocks go back by one call where the system can do that; but a madvise of the program's own, or of a
 * library that has to know what is returned, sees them all. Built with WATCHES it has one. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "expect.h"
#include "neap/neap.h"

extern size_t neap_stats(struct neap_telemetry* out, size_t size) __attribute__((weak));

enum { COUNT = 8000, SIZE = 2000, PAGE = 4096, THIS_PROCESS = -10000 };

#ifdef WATCHES
static size_t seen;
int madvise(void* address, size_t size, int advice) {
  if (advice == MADV_DONTNEED) seen += size;
  return (int)syscall(SYS_madvise, address, size, advice);
}
#endif

/* Whether the system takes several ranges of a process's own memory, and nothing keeps the library from asking. */
static inline int knows_together(void) {
  char line[256];
  int filtered = 1;
  FILE* status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, "Seccomp:", 8) == 0) filtered = atoi(line + 8);
  }
  if (status != NULL) fclose(status);
  char* memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const struct iovec ranges[] = {{memory, PAGE}, {memory + 2 * PAGE, PAGE}};
  return !filtered && syscall(SYS_process_madvise, THIS_PROCESS, ranges, 2, MADV_DONTNEED, 0) == 2 * PAGE;
}

static struct neap_telemetry figures(void) {
  struct neap_telemetry figures;
  neap_stats(&figures, sizeof figures);
  return figures;
}

/* Returns a few pages, the first of them locked: a call for many is refused because of that one, which says nothing of
 * others. */
static void return_locked_page(char** objects) {
  char* const page = objects[1] - (uintptr_t)objects[1] % PAGE; /* no object but the first four lies on it */
  mlock(page, PAGE);
  for (int i = 0; i < 12; ++i) {
    if (i / 4 % 2 != 0) continue;
    free(opaque(objects[i]));
    objects[i] = NULL;
  }
  malloc_trim(0);
  munlock(page, PAGE);
}

int main(void) {
  static char* objects[COUNT];
  for (int i = 0; i < COUNT; ++i) objects[i] = memset(opaque(malloc(SIZE)), i % 100 + 1, SIZE);
  malloc_trim(0);
  return_locked_page(objects + COUNT / 2);
  const struct neap_telemetry before = figures();
#ifdef WATCHES
  seen = 0;
#endif
  for (int i = 0; i < COUNT; ++i) {
    if (i / 4 % 2 == 0) free(opaque(objects[i])); /* a page or two by turns */
  }
  malloc_trim(0);
  const struct neap_telemetry after = figures();
  const uint64_t pages = (after.returned_bytes - before.returned_bytes) / PAGE;
  const uint64_t calls = after.return_calls - before.return_calls;
  EXPECT(pages > COUNT / 8);
#ifdef WATCHES
  EXPECT(seen == pages * PAGE);
  EXPECT(calls > pages / 4);
#else
  EXPECT(knows_together() ? calls < pages / 8 : calls > pages / 4);
#endif
  for (int i = 0; i < COUNT; ++i) {
    if (i / 4 % 2 != 0) EXPECT(objects[i][0] == i % 100 + 1 && objects[i][SIZE - 1] == i % 100 + 1);
  }
  return verdict();
}
