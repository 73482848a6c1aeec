/* Misuses of the heap at random, each in a process of its own: misuse_random COUNT [THREADS]. A parent keeps a heap of
 * objects of all sizes in motion; a child goes on with it, in one thread or several, misuses it once, and has to end in
 * SIGABRT and the one line that names that call and that address. What is no misuse, since the address was given out
 * again, is not counted. NEAP_MISUSE_SEED repeats a run. Prints how often each kind ended in each word; exits with 1
 * when a child went on, or died of something else. NEAP_OPTIONS=check:1 is needed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "heap_in_motion.h"

enum { MOST_THREADS = 16, BLOCK = 1 << 16, STEPS_IN_PARENT = 40, COMPLAINTS = 10 };

/* ---- The misuses ---- */

enum { DOUBLE = 1, INVALID = 2, INTERIOR = 4, SIZE = 8 };
static const char* const words[] = {"double free", "invalid pointer", "interior pointer", "wrong size"};
enum { WORDS = sizeof words / sizeof words[0] };

static struct report {
  int kind, accepted; /* accepted: words, as a mask */
  char function[32];
  void* pointer;
} * report; /* shared by parent and child */

static void (*free_sized_of_c23)(void*, size_t);
static void (*free_aligned_sized_of_c23)(void*, size_t, size_t);
static void (*delete_object)(void*);
static void (*delete_sized)(void*, size_t);

static void announce(const char* function, void* pointer, int accepted) {
  strncpy(report->function, function, sizeof report->function - 1);
  report->pointer = pointer;
  report->accepted = accepted;
}

/* Gives a pointer that is none to any function that takes one. */
static void misuse(struct random* random, void* pointer, int accepted) {
  static const char* const names[] = {
      "free", "free", "free", "free", "realloc", "reallocarray", "free_sized", "operator delete", "malloc_usable_size"};
  const size_t which = below(random, sizeof names / sizeof names[0]);
  announce(names[which], pointer, accepted);
  pointer = opaque(pointer);
  switch (which) {
    case 4:
      opaque(realloc(pointer, some_size(random)));
      break;
    case 5:
      opaque(reallocarray(pointer, 1 + below(random, 9), some_size(random)));
      break;
    case 6:
      free_sized_of_c23(pointer, 1);
      break;
    case 7:
      delete_object(pointer);
      break;
    case 8:
      opaque((void*)malloc_usable_size(pointer));
      break;
    default:
      free(pointer);
  }
}

enum { AT_ONCE, LATER, LONG_AGO, INSIDE, FOREIGN, NEVER, WRONG_SIZE, KINDS };
static const char* const kinds[] = {"freed twice at once",    "freed again later", "freed at any time before",
                                    "inside an object",       "not of this heap",  "in a block of this heap",
                                    "size above the object's"};

static char* foreign(struct random* random) {
  static _Alignas(64) char bytes[4096];
  static char* mapped;
  if (mapped == NULL) mapped = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  _Alignas(64) char local[256];
  char* const bases[] = {bytes, opaque(local), mapped, (char*)(uintptr_t)next(random),
                         (char*)(uintptr_t)(next(random) >> 17)};
  return bases[below(random, 5)] + below(random, 16) * 16 + 16;
}

/* A pointer into a block that objects lie in, at a multiple of their size or anywhere. */
static char* never(struct random* random) {
  char* object = take(random);
  const size_t size = malloc_usable_size(object), step = below(random, 4) == 0 ? 8 : size;
  char* block = (char*)((uintptr_t)object & ~(uintptr_t)(BLOCK - 1));
  put(object, below(random, SLOTS));
  return block + below(random, BLOCK / (step < BLOCK ? step : BLOCK) + 1) * step;
}

static void wrong_size(struct random* random) {
  char* object = take(random);
  const size_t size = malloc_usable_size(object) + 1 + below(random, 1 << below(random, 20));
  const char* const names[] = {"free_sized", "free_aligned_sized", "operator delete"};
  const size_t which = below(random, 3);
  announce(names[which], object, SIZE);
  if (which == 0) free_sized_of_c23(object, size);
  if (which == 1) free_aligned_sized_of_c23(object, 16, size);
  if (which == 2) delete_sized(object, size);
}

/* ---- One child ---- */

static int thread_count;
static pthread_barrier_t together;
static struct plan {
  uint64_t seed;
  int kind;
  size_t before, between;
  int first, second; /* threads */
} plan;
static char* pointer;
static int accepted;

static void choose_pointer(struct random* random) {
  if (plan.kind == AT_ONCE || plan.kind == LATER) {
    pointer = take(random);
    drop(pointer);
  } else if (plan.kind == INSIDE) {
    char* object = take(random);
    const size_t size = malloc_usable_size(object), step = (size_t)1 << below(random, 17);
    put(object, below(random, SLOTS));
    if (step < size) pointer = object + step * (1 + below(random, (size - 1) / step));
  } else if (plan.kind == FOREIGN) {
    pointer = foreign(random);
  } else if (plan.kind == NEVER) {
    pointer = never(random);
  }
}

/* What the line may say. A pointer that was freed may lie in a block that has other objects now. */
static int accepted_words(void) {
  if (plan.kind == FOREIGN) return INVALID;
  const int state = state_of(pointer);
  if (state == IS_LIVE) return 0;
  if (state == IS_INSIDE) return INTERIOR;
  return plan.kind == AT_ONCE ? DOUBLE : DOUBLE | INVALID | INTERIOR;
}

/* Threads meet before and after each step that looks at all objects; between the two frees all of them go on. */
static void* act(void* argument) {
  const int self = (int)(intptr_t)argument;
  struct random random = {plan.seed + (uint64_t)self};
  pthread_barrier_wait(&together);
  move(&random, plan.before);
  pthread_barrier_wait(&together);
  if (self == plan.first) choose_pointer(&random);
  pthread_barrier_wait(&together);
  move(&random, plan.between);
  pthread_barrier_wait(&together);
  if (self != plan.second) pause();
  if (plan.kind == LONG_AGO) pointer = freed[below(&random, FREED)];
  if (plan.kind == WRONG_SIZE) wrong_size(&random);
  if (pointer == NULL || (accepted = accepted_words()) == 0) _exit(SKIPPED);
  misuse(&random, pointer, accepted);
  _exit(0);
}

static void child(uint64_t seed, int most_threads) {
  struct random random = {seed};
  thread_count = 1 + (most_threads > 1 ? (int)below(&random, (size_t)most_threads) : 0);
  plan.kind = (int)below(&random, most_threads > 1 ? NEVER : KINDS); /* libc's objects of threads are known to nobody */
  if (most_threads > 1 && plan.kind == FOREIGN) plan.kind = WRONG_SIZE;
  plan.before = below(&random, (size_t)1 << below(&random, 10));
  plan.between = plan.kind == LATER ? below(&random, (size_t)1 << below(&random, 12)) : 0;
  plan.first = (int)below(&random, (size_t)thread_count);
  plan.second = (int)below(&random, (size_t)thread_count);
  plan.seed = next(&random);
  report->kind = plan.kind;
  pthread_barrier_init(&together, NULL, (unsigned)thread_count);
  for (intptr_t i = 1; i < thread_count; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, act, (void*)i) != 0) _exit(3);
  }
  for (int i = 0; i < FREED && thread_count > 1; ++i)
    freed[i] = NULL; /* libc may have been given these for its threads */
  act(NULL);
}

/* ---- The parent ---- */

static size_t counts[KINDS][WORDS];
static size_t misuses, not_misuse, failures;

/* The word that a child's one line names rightly, or -1. */
static int right_word(const char* text, int status) {
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return -1;
  for (int w = 0; w < WORDS; ++w) {
    char wanted[128];
    snprintf(wanted, sizeof wanted, "libneap: %s: %s(%p): ", words[w], report->function, report->pointer);
    if (strncmp(text, wanted, strlen(wanted)) != 0 || strchr(text, '\n') != text + strlen(text) - 1) continue;
    return (report->accepted >> w & 1) != 0 ? w : -1;
  }
  return -1;
}

static void one(uint64_t seed, int most_threads, const int pipe_ends[2]) {
  memset(report, 0, sizeof *report);
  const pid_t process = fork();
  if (process == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    child(seed, most_threads);
  }
  int status = 0;
  while (process < 0 || (waitpid(process, &status, 0) < 0 && errno == EINTR)) {
    if (process < 0) exit(3);
  }
  char text[512] = "";
  const ssize_t got = read(pipe_ends[0], text, sizeof text - 1);
  text[got > 0 ? got : 0] = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
    ++not_misuse;
    return;
  }
  ++misuses;
  const int word = right_word(text, status);
  if (word >= 0) {
    ++counts[report->kind][word];
  } else if (++failures <= COMPLAINTS) {
    printf("FAILED: %s, %s(%p), accepted %d, child seed %llu: status %x, it said: %s\n", kinds[report->kind],
           report->function, report->pointer, report->accepted, (unsigned long long)seed, (unsigned)status, text);
    fflush(stdout);
  }
}

static void find_functions(void) {
  *(void**)&free_sized_of_c23 = dlsym(RTLD_DEFAULT, "free_sized");
  *(void**)&free_aligned_sized_of_c23 = dlsym(RTLD_DEFAULT, "free_aligned_sized");
  *(void**)&delete_object = dlsym(RTLD_DEFAULT, "_ZdlPv");
  *(void**)&delete_sized = dlsym(RTLD_DEFAULT, "_ZdlPvm");
  if (free_sized_of_c23 == NULL || free_aligned_sized_of_c23 == NULL || delete_sized == NULL) exit(SKIPPED);
}

int main(int argc, char** argv) {
  const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
  const int most_threads = argc > 2 ? atoi(argv[2]) : 1;
  const char* given = getenv("NEAP_MISUSE_SEED");
  struct random random = {given != NULL ? (uint64_t)strtoull(given, NULL, 10)
                                        : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid()};
  int pipe_ends[2];
  static char output[4096]; /* libc's own would lie among the objects */
  setvbuf(stdout, output, _IOFBF, sizeof output);
  find_functions();
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (report == MAP_FAILED || pipe(pipe_ends) != 0 || fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK) != 0) return 3;
  printf("NEAP_MISUSE_SEED=%llu\n", (unsigned long long)random.state);
  fflush(stdout);
  while (misuses < count) {
    move(&random, STEPS_IN_PARENT);
    one(next(&random), most_threads < MOST_THREADS ? most_threads : MOST_THREADS, pipe_ends);
  }
  for (int k = 0; k < KINDS; ++k) {
    printf("%-24s", kinds[k]);
    for (int w = 0; w < WORDS; ++w) printf("  %s %zu", words[w], counts[k][w]);
    printf("\n");
  }
  printf("%zu misuses, %zu failed (%zu others were none)\n", misuses, failures, not_misuse);
  return failures == 0 ? 0 : 1;
}
