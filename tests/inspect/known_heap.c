// known_heap CASE: makes a heap of some kind, prints what malloc says of it as one line of JSON, and then obeys lines
// on stdin, printing the figures again after each: `trim` (malloc_trim, or mimalloc's mi_collect), `grow BYTES` (leaks
// so much, in small objects), `scatter BYTES` (frees so much in small objects far from each other, and takes it again
// as a large one).
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "neap/neap.h"

extern size_t neap_stats(struct neap_telemetry* out, size_t size) __attribute__((weak));

enum { kept_most = 200000, settled_most = 3 << 19 };
static void* kept[kept_most];
static volatile int kept_count;

static void keep(void* object) { kept[__sync_fetch_and_add(&kept_count, 1) % kept_most] = object; }

// `count` objects of up to 3,000 bytes, of which each third stays.
static void mix(int count, unsigned seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1103515245 + 12345;
    const size_t size = 1 + (seed >> 8) % 3000;
    void* object = malloc(size);
    memset(object, 1, size);
    if (i % 3 == 0)
      keep(object);
    else
      free(object);
  }
}

static void* mix_in_thread(void* seed) {
  mix(3000, (unsigned)(size_t)seed);
  return NULL;
}

static void threads(int count, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    pthread_t thread[16];
    for (int i = 0; i < count; ++i) pthread_create(&thread[i], NULL, mix_in_thread, (void*)(size_t)(i + round));
    for (int i = 0; i < count; ++i) pthread_join(thread[i], NULL);
  }
}

static void plain(void) { mix(20000, 1); }

static void foreign_sbrk(void) {
  mix(5000, 1);
  for (unsigned i = 0; i < 20; ++i) {
    sbrk(5000);
    mix(500, i);
  }
}

static void unaligned_break(void) {
  sbrk(24);
  mix(3000, 9);
}

// The break meets a mapping: the main arena goes on elsewhere, in pieces.
static void blocked_break(void) {
  mix(1000, 1);
  char* wall = (char*)(((size_t)sbrk(0) + 8191) & ~(size_t)4095);
  if (mmap(wall, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) abort();
  mix(20000, 2);
}

static void ended_threads(void) { threads(8, 20); }

static void aligned(void) {
  for (size_t i = 0; i < 3000; ++i) {
    void* object = memalign((size_t)1 << (4 + i % 10), 100 + i);
    memset(object, 1, 100 + i);
    if (i % 2 == 0)
      keep(object);
    else
      free(object);
  }
}

static void many_mapped(void) {
  mallopt(M_MMAP_THRESHOLD, 4096);
  mix(20000, 5);
}

static void never_mapped(void) {
  mallopt(M_MMAP_MAX, 0);
  mix(20000, 6);
  for (int i = 0; i < 40; ++i) keep(malloc(1 << 20));
}

static void grown(void) {
  void* object = malloc(200000);
  for (size_t i = 0; i < 30; ++i) object = realloc(object, 200000 + i * 50000);
  keep(object);
  mix(3000, 7);
}

static void fast_bins(void) {
  mallopt(M_MXFAST, 160);
  mix(30000, 8);
  for (int i = 0; i < 2000; ++i) keep(malloc(40));
  for (int i = kept_count - 2000; i < kept_count; i += 2) free(kept[i % kept_most]), kept[i % kept_most] = NULL;
}

static void one_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, mix_in_thread, (void*)3);
  pthread_join(thread, NULL);
  for (size_t i = 0; i < 200; ++i) keep(malloc(70000 + i * 300));
  mix(2000, 1);
}

static void forked(void) {
  mix(5000, 3);
  threads(4, 1);
  if (fork() != 0) _exit(0);
  mix(5000, 4);
}

// Nearly all of many objects freed: fragmentation that no trim ends.
static void mass_deletion(void) {
  for (size_t i = 0; i < 150000; ++i) {
    char* object = malloc(200);
    memset(object, 1, 200);
    keep(object);
  }
  for (int i = 0; i < kept_count; ++i)
    if (i % 40 != 0) free(kept[i]), kept[i] = NULL;
}

// The same once libneap, if it serves, has given back what it keeps in a process's first moments alone. They end by
// themselves, but what ends them is seen at an event.
static void settled_deletion(void) {
  struct neap_telemetry now = {.dirty_bytes = 0};
  mass_deletion();
  while (neap_stats != NULL && neap_stats(&now, sizeof now) != 0 && now.dirty_bytes > settled_most) free(malloc(40000));
}

static void dense(void) {
  for (int i = 0; i < kept_most; ++i) keep(memset(malloc(40), 1, 40));
}

static const struct {
  const char* name;
  void (*make)(void);
} cases[] = {{"plain", plain},
             {"foreign_sbrk", foreign_sbrk},
             {"unaligned_break", unaligned_break},
             {"blocked_break", blocked_break},
             {"ended_threads", ended_threads},
             {"aligned", aligned},
             {"many_mapped", many_mapped},
             {"never_mapped", never_mapped},
             {"grown", grown},
             {"fast_bins", fast_bins},
             {"one_thread", one_thread},
             {"forked", forked},
             {"mass_deletion", mass_deletion},
             {"settled_deletion", settled_deletion},
             {"dense", dense}};

// What is kept, by what its allocator says of each object.
static size_t kept_bytes(int* objects) {
  size_t bytes = 0;
  for (int i = 0; i < kept_most && i < kept_count; ++i)
    if (kept[i] != NULL) bytes += malloc_usable_size(kept[i]), ++*objects;
  return bytes;
}

// mimalloc's own count of the heap of this thread: the first words of what it tells of each page of blocks.
struct page_told {
  void* blocks;
  size_t reserved, committed, used, block_size;
};
static bool count_page(const void* heap, const struct page_told* page, void* block, size_t size, void* sum) {
  (void)heap, (void)block, (void)size;
  *(size_t*)sum += page->used * page->block_size;
  return true;
}
// Functions that mimalloc has, where it is preloaded. (Not asked for by dlsym, which allocates when it finds nothing.)
typedef bool each_page(const void* heap, const struct page_told* page, void* block, size_t size, void* with);
extern void* mi_heap_get_default(void) __attribute__((weak));
extern bool mi_heap_visit_blocks(void* heap, bool blocks, each_page* each, void* with) __attribute__((weak));
extern void mi_collect(bool force) __attribute__((weak));

static size_t visited_bytes(void) {
  size_t sum = 0;
  if (mi_heap_visit_blocks != NULL) mi_heap_visit_blocks(mi_heap_get_default(), false, count_page, &sum);
  return sum;
}

static void trim(void) {
  if (mi_collect != NULL)
    mi_collect(true);
  else
    malloc_trim(0);
}

// mallinfo came before mallinfo2, and its numbers are large enough for these heaps. It is asked last: a dlsym that
// finds nothing allocates.
static void tell(void) {
  int objects = 0;
  const size_t bytes = kept_bytes(&objects), visited = visited_bytes();
  const struct mallinfo now = mallinfo();
  char line[400];
  const int length =
      snprintf(line, sizeof line,
               "{\"pid\": %d, \"arena\": %d, \"uordblks\": %d, \"fordblks\": %d, \"hblkhd\": %d, \"fsmblks\": %d, "
               "\"kept\": %zu, \"objects\": %d, \"visited\": %zu}\n",
               (int)getpid(), now.arena, now.uordblks, now.fordblks, now.hblkhd, now.fsmblks, bytes, objects, visited);
  if (write(STDOUT_FILENO, line, (size_t)length) != length) _exit(1);
}

// Without stdio, which allocates.
static size_t read_line(char* line, size_t size) {
  size_t length = 0;
  while (length + 1 < size && read(STDIN_FILENO, line + length, 1) == 1 && line[length] != '\n') ++length;
  line[length] = 0;
  return length;
}

static void grow(long bytes) {
  for (; bytes > 0; bytes -= 48) keep(memset(malloc(40), 1, 40));
}

// Of objects that lie side by side every second one goes, and one object as large as all of them comes: what is live
// stays the same, and the holes serve nobody.
static void scatter(long bytes) {
  static int next;
  void* const large = memset(malloc((size_t)bytes), 1, (size_t)bytes);
  const int first = next;
  for (; bytes > 0 && next < kept_count; next += 2, bytes -= 48) free(kept[next]), kept[next] = NULL;
  kept[first] = large;
}

int main(int count, char** values) {
  for (size_t i = 0; count == 2 && i < sizeof cases / sizeof *cases; ++i)
    if (strcmp(cases[i].name, values[1]) == 0) cases[i].make();
  if (kept_count == 0) return 2;
  tell();
  for (char line[100]; read_line(line, sizeof line) > 0; tell()) {
    if (strcmp(line, "trim") == 0) trim();
    if (strncmp(line, "grow ", 5) == 0) grow(atol(line + 5));
    if (strncmp(line, "scatter ", 8) == 0) scatter(atol(line + 8));
  }
  return 0;
}
