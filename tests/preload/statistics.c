/* glibc's extras: mallopt's answers, and mallinfo, mallinfo2, malloc_info, malloc_stats and malloc_trim with effect. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

enum { COUNT = 40000, SIZE = 1000 };
static char* objects[COUNT];

static size_t resident_bytes(void) {
  size_t total = 0, resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  EXPECT(file != NULL && fscanf(file, "%zu %zu", &total, &resident) == 2);
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t in_use(void) {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static void fill(void) {
  for (int i = 0; i < COUNT; ++i) {
    objects[i] = malloc(SIZE);
    memset(objects[i], 1, SIZE);
  }
}

static void drain(int keep_every) {
  for (int i = 0; i < COUNT; ++i) {
    if (keep_every != 0 && i % keep_every == 0) continue;
    free(objects[i]);
    objects[i] = NULL;
  }
}

static void figures_follow_the_heap(void) {
  const size_t bytes = (size_t)COUNT * SIZE;
  const size_t before = in_use();
  fill();
  const size_t small = in_use() - before;
  EXPECT(small > bytes * 9 / 10 && small < bytes * 13 / 10);
  char* large = opaque(malloc((size_t)64 << 20));
  const size_t both = in_use() - before;
  EXPECT(both - small > (size_t)63 << 20 && both - small < (size_t)70 << 20);
  free(large);
  EXPECT(in_use() - before < bytes * 13 / 10);
  drain(0);
  EXPECT(in_use() < before + bytes / 10);
}

static void trim_gives_back(void) {
  fill();
  const size_t full = resident_bytes();
  drain(500); /* one object in 500 stays: most pages are free, none of the ends is */
  malloc_trim(0);
  const size_t left = resident_bytes();
  EXPECT(full - left > (size_t)COUNT * SIZE * 7 / 10);
  const int second = malloc_trim(0); /* 1 when something was given back, 0 when there was nothing left */
  EXPECT(second == 0 || second == 1);
  drain(0);
}

static void texts(void) {
  char* text = NULL;
  size_t length = 0;
  FILE* memory = open_memstream(&text, &length);
  EXPECT(malloc_info(0, memory) == 0);
  fclose(memory);
  EXPECT(strncmp(text, "<malloc version=\"1\">", 20) == 0);
  EXPECT(strstr(text, "</malloc>") != NULL);
  free(text);
  EXPECT(malloc_info(1, stdout) == EINVAL);

  int ends[2];
  EXPECT(pipe(ends) == 0);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  malloc_stats();
  dup2(kept, STDERR_FILENO);
  close(ends[1]);
  char said[4096];
  EXPECT(read(ends[0], said, sizeof said) > 20);
  close(ends[0]);
  close(kept);
}

static void mallopt_answers(void) {
  EXPECT(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
  EXPECT(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
  EXPECT(mallopt(M_TOP_PAD, 0) == 1);
  EXPECT(mallopt(M_MMAP_MAX, 1000) == 1);
  EXPECT(mallopt(M_ARENA_MAX, 1) == 1);
  EXPECT(mallopt(M_MXFAST, 64) == 1);
  EXPECT(mallopt(M_MXFAST, 100000) == 0); /* above its maximum: the one refusal programs may test for */
  EXPECT(mallopt(M_PERTURB, 0) == 1);
}

static void old_mallinfo_agrees(void) { /* its fields are ints, and the heap is small here */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const struct mallinfo old = mallinfo();
#pragma GCC diagnostic pop
  EXPECT((size_t)(old.uordblks + old.hblkhd) == in_use());
}

int main(void) {
  figures_follow_the_heap();
  trim_gives_back();
  texts();
  mallopt_answers();
  old_mallinfo_agrees();
  return verdict();
}
