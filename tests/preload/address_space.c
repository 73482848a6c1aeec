/* What a program may expect of address space and commitments, with glibc as the reference: address_space CASE. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { KIB = 1 << 10, MIB = 1 << 20 };

static void limit(__rlimit_resource_t what, size_t bytes) {
  const struct rlimit to = {bytes, RLIM_INFINITY};
  EXPECT(setrlimit(what, &to) == 0);
}

/* The number behind `field` in a file of /proc; -1 when there is none. */
static long long number_in(const char* path, const char* field) {
  char line[512];
  long long number = -1;
  FILE* file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) number = strtoll(line + strlen(field), NULL, 10);
  }
  if (file != NULL) fclose(file);
  return number;
}

static int mappings(void) {
  int count = 0;
  FILE* file = fopen("/proc/self/maps", "r");
  for (int c = fgetc(file); c != EOF; c = fgetc(file)) count += c == '\n';
  fclose(file);
  return count;
}

static int holds(const unsigned char* bytes, size_t size, int mark) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != mark) return 0;
  }
  return 1;
}

/* Buffers that grow side by side keep their contents, and leave no mappings behind. */
static void growing(void) {
  enum { BUFFERS = 200, STEPS = 6000, MOST = 600 * KIB };
  static unsigned char* buffers[BUFFERS];
  static size_t sizes[BUFFERS];
  for (int step = 0; step < STEPS; ++step) {
    const int i = step * 77 % BUFFERS;
    if (sizes[i] > MOST) {
      free(buffers[i]);
      buffers[i] = NULL;
      sizes[i] = 0;
    }
    const size_t size = sizes[i] == 0 ? 40000 : sizes[i] + sizes[i] / 2;
    buffers[i] = realloc(buffers[i], size);
    EXPECT(holds(buffers[i], sizes[i], i));
    memset(buffers[i] + sizes[i], i, size - sizes[i]);
    sizes[i] = size;
  }
  for (int i = 0; i < BUFFERS; ++i) free(buffers[i]);
  EXPECT(mappings() < 200);
}

/* Whether the mapping in which it lies is locked. */
static int is_locked(const void* pointer) {
  char line[512];
  int inside = 0, is = 0;
  FILE* file = fopen("/proc/self/smaps", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    unsigned long begin, end;
    if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) inside = (uintptr_t)pointer >= begin && (uintptr_t)pointer < end;
    if (inside && strncmp(line, "VmFlags:", 8) == 0) is = strstr(line, " lo") != NULL;
  }
  if (file != NULL) fclose(file);
  return is;
}

/* An object that moves as it grows takes no lock off any other's memory. */
static void locked(void) {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) exit(SKIPPED);
  unsigned char *secret = malloc(32), *big = malloc(20 * MIB), *grows = malloc(MIB);
  memset(secret, 1, 32);
  memset(big, 2, 20 * MIB);
  memset(grows, 3, MIB);
  void* behind = malloc(100000);
  grows = realloc(grows, 2 * MIB);
  EXPECT(holds(grows, MIB, 3) && holds(big, 20 * MIB, 2) && holds(secret, 32, 1));
  EXPECT(is_locked(secret) && is_locked(big) && is_locked(grows));
  free(behind);
}

/* One object at a time, each a little larger, nearly up to the limit. */
static void one_by_one(void) {
  limit(RLIMIT_AS, (size_t)1024 * MIB);
  for (size_t size = 300; size < 900; size += 3) {
    unsigned char* object = opaque(malloc(size * MIB));
    EXPECT(object != NULL);
    if (object == NULL) break;
    object[0] = 1;
    free(object);
  }
}

static void* nothing(void* argument) { return argument; }

/* Address space that was freed is there for the program's own maps and for threads' stacks. */
static void given_back(void) {
  limit(RLIMIT_AS, (size_t)1024 * MIB);
  for (int round = 0; round < 2; ++round) {
    if (round == 0) {
      unsigned char* object = opaque(malloc((size_t)850 * MIB));
      EXPECT(object != NULL);
      memset(object, 1, MIB);
      free(object);
    } else {
      enum { OBJECTS = 800 };
      static void* objects[OBJECTS];
      for (int i = 0; i < OBJECTS; ++i) EXPECT((objects[i] = opaque(malloc(MIB))) != NULL);
      for (int i = 0; i < OBJECTS; ++i) free(objects[i]);
    }
    malloc_trim(0);
    void* map = mmap(NULL, (size_t)600 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(map != MAP_FAILED);
    if (map != MAP_FAILED) munmap(map, (size_t)600 * MIB);
    pthread_attr_t stack;
    pthread_attr_init(&stack);
    pthread_attr_setstacksize(&stack, 8 * MIB);
    pthread_t threads[40];
    for (int i = 0; i < 40; ++i) EXPECT(pthread_create(&threads[i], &stack, nothing, NULL) == 0);
    for (int i = 0; i < 40; ++i) pthread_join(threads[i], NULL);
  }
}

struct object {
  struct object* next;
};

/* Objects of one size until there are no more, every other of which is freed at random: the holes serve another size.
 */
static void holes_serve(size_t size, size_t other, rlim_t bytes) {
  limit(RLIMIT_AS, bytes);
  struct object* all = NULL;
  size_t freed = 0, got = 0;
  for (struct object* object; (object = opaque(malloc(size))) != NULL; all = object) object->next = all;
  unsigned random = 1;
  for (struct object** at = &all; *at != NULL;) {
    random = random * 1103515245 + 12345;
    struct object* object = *at;
    if ((random >> 16 & 1) == 0) {
      at = &object->next;
      continue;
    }
    *at = object->next;
    free(object);
    freed += size;
  }
  for (void* object; (object = opaque(malloc(other))) != NULL; got += other) memset(object, 1, other);
  EXPECT(errno == ENOMEM);
  EXPECT(got > freed / 3);
}

static void holes(void) {
  const size_t sizes[][2] = {{48, 64}, {1000, 24}, {16000, 100}, {30000, 20000}, {24, 24}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      holes_serve(sizes[i][0], sizes[i][1], (rlim_t)96 * MIB);
      _exit(verdict());
    }
    int status = 0;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
  }
}

/* Growth to a smaller size cannot fail. */
static void shrinks(void) {
  limit(RLIMIT_AS, (size_t)128 * MIB);
  const size_t sizes[] = {MIB, 30000, 3000, 300};
  unsigned char* objects[4];
  for (int i = 0; i < 4; ++i) memset(objects[i] = malloc(sizes[i]), i, sizes[i]);
  for (size_t size = MIB; size >= 8; size /= 2) {
    while (opaque(malloc(size)) != NULL) {
    }
  }
  for (int i = 0; i < 4; ++i) {
    const size_t size = i == 0 ? 1000 : sizes[i] / 4;
    unsigned char* smaller = opaque(realloc(objects[i], size));
    EXPECT(smaller != NULL);
    if (smaller != NULL) EXPECT(holds(smaller, size, i));
  }
}

/* What the machine can never hold is refused; what it might is given, and costs what is touched of it. */
static void too_large(void) {
  if (number_in("/proc/sys/vm/overcommit_memory", "") != 0) exit(SKIPPED);
  const size_t memory = (size_t)number_in("/proc/meminfo", "MemTotal:") * KIB;
  const size_t swap = (size_t)number_in("/proc/meminfo", "SwapTotal:") * KIB;
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  for (size_t size = (memory + swap) * 2; size < (size_t)1 << 46; size *= 4) {
    errno = 0;
    EXPECT(opaque(malloc(size)) == NULL && errno == ENOMEM);
  }
  for (int i = 0; i < 20; ++i) {
    unsigned char* object = opaque(malloc(memory / 2));
    EXPECT(object != NULL);
    if (object != NULL) object[0] = object[memory / 2 - 1] = 1;
    free(object);
  }
  getrusage(RUSAGE_SELF, &after);
  EXPECT(after.ru_minflt - before.ru_minflt < 2000);
}

static void alignments(void) {
  void* object = NULL;
  for (int log = 62; log < 64; ++log) {
    EXPECT(posix_memalign(&object, (size_t)1 << log, 100) == ENOMEM);
    EXPECT(posix_memalign(&object, (size_t)1 << log, ((size_t)1 << log) + 12345) == ENOMEM);
  }
  for (int log = 20; log < 32; ++log) {
    const size_t align = (size_t)1 << log;
    EXPECT(posix_memalign(&object, align, 100) == 0 && aligned_to(object, align));
    free(object);
  }
}

/* Where the first object lies is hard to foretell: each of 64 starts has another place, also within 1 GiB. */
static void unpredictable(const char* self) {
  enum { STARTS = 64 };
  unsigned long long places[STARTS];
  int distinct = 0;
  for (int i = 0; i < STARTS; ++i) {
    char command[4096], line[64] = "";
    snprintf(command, sizeof command, "'%s' place", self);
    FILE* program = popen(command, "r");
    EXPECT(program != NULL && fgets(line, sizeof line, program) != NULL);
    pclose(program);
    places[i] = strtoull(line, NULL, 16) >> 16 & 0x3fff;
    int is_new = 1;
    for (int j = 0; j < i; ++j) is_new = is_new && places[j] != places[i];
    distinct += is_new;
  }
  EXPECT(distinct > STARTS / 2);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*run)(void);
  } cases[] = {{"growing", growing}, {"locked", locked},   {"one_by_one", one_by_one}, {"given_back", given_back},
               {"holes", holes},     {"shrinks", shrinks}, {"too_large", too_large},   {"alignments", alignments}};
  const char* name = argc > 1 ? argv[1] : "";
  if (strcmp(name, "place") == 0) return printf("%p\n", opaque(malloc(100))) < 0;
  if (strcmp(name, "unpredictable") == 0) unpredictable(argv[0]);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    if (strcmp(name, cases[i].name) == 0) cases[i].run();
  }
  return verdict();
}
