/* A handler of SIGABRT, after a misuse of the heap was found: it may allocate, fork, exit while other threads allocate,
 * or jump out and go on. Each size in a child of its own. Run it behind `kill_if_hung`, which tells a deadlock. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { OBJECTS = 300, HANDLED = 3, NOT_FOUND = 4 };

static void churn(void) {
  for (size_t size = 8; size < 300000; size += size / 2 + 8) {
    void* objects[40];
    const int count = size < 4000 ? 40 : 3;
    for (int i = 0; i < count; ++i) objects[i] = memset(malloc(size), 1, size);
    for (int i = 0; i < count; ++i) free(opaque(objects[i]));
  }
}

static atomic_int stop;
static pthread_t worker;
static int has_worker;

static void* work(void* argument) {
  while (!stop) churn();
  return argument;
}
static void end_worker(void) {
  stop = 1;
  if (has_worker) EXPECT(pthread_join(worker, NULL) == 0);
}

static void allocate(int number) {
  void* frames[64];
  const int count = backtrace(frames, 64);
  char** names = backtrace_symbols(frames, count);
  EXPECT(number == SIGABRT && names != NULL && names[0] != NULL);
  free(names);
  churn();
  _exit(expect_failures == 0 ? HANDLED : 1);
}

static void fork_child(int number) {
  const pid_t child = fork();
  if (child == 0) {
    churn();
    execl("/bin/sh", "sh", "-c", "exit 0", (char*)NULL);
  }
  int status = 1;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  allocate(number);
}

static void leave(int number) { /* by way of atexit's functions, of which one waits for the worker */
  (void)number;
  exit(HANDLED);
}

static sigjmp_buf on;
static void jump(int number) { siglongjmp(on, number); }

static void go_on(void) {
  end_worker();
  churn();
  malloc_trim(0);
  fork_child(SIGABRT);
}

static void misuse(size_t size) {
  static void* objects[OBJECTS];
  for (int i = 0; i < OBJECTS; ++i) objects[i] = malloc(size);
  for (int i = 0; i < OBJECTS; i += 2) free(objects[i]);
  free(objects[10]);
  for (int i = 1; i < OBJECTS; i += 2) free(objects[i]);
  malloc_trim(0);
}

/* Of another thread, whose objects nobody looks at before it ends. */
static void* misuse_small(void* size) {
  void *first = malloc(*(size_t*)size), *second = malloc(*(size_t*)size);
  free(first);
  free(second);
  free(opaque(first));
  return NULL;
}
static void misuse_at_end(size_t size) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, misuse_small, &size) == 0);
  pthread_join(thread, NULL);
}

static void child(void (*misused)(size_t), size_t size, void (*handler)(int), int threads) {
  signal(SIGABRT, handler);
  atexit(end_worker);
  has_worker = threads;
  if (has_worker) EXPECT(pthread_create(&worker, NULL, work, NULL) == 0);
  if (sigsetjmp(on, 1) != 0) go_on();
  misused(size);
  _exit(NOT_FOUND);
}

static const struct {
  const char* name;
  void (*handler)(int);
} cases[] = {{"allocates", allocate}, {"forks", fork_child}, {"exits", leave}, {"jumps", jump}};

int main(int argc, char** argv) {
  static const size_t sizes[] = {8, 24, 100, 400, 1000, 3000, 9000, 20000, 40000, 300000};
  void (*handler)(int) = NULL;
  for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(argv[1], cases[i].name) == 0) handler = cases[i].handler;
  }
  if (handler == NULL) return 2;
  for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; ++i) {
    const size_t size = sizes[i / 3];
    const int at_end = i % 3 == 2;
    if (at_end && handler == jump) continue; /* out of a thread's end there is no way */
    const pid_t process = fork();
    if (process == 0) child(at_end ? misuse_at_end : misuse, size, handler, i % 3 == 1);
    int status = 0;
    EXPECT(waitpid(process, &status, 0) == process);
    if (WIFEXITED(status) && WEXITSTATUS(status) == HANDLED) continue;
    fprintf(stderr, "%s, %zu bytes, %s: status %x\n", argv[1], size, at_end ? "at end" : "at once", (unsigned)status);
    return 1;
  }
  return verdict();
}
