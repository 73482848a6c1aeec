/* Fork handlers of a library that was initialised before a preloaded allocator, while threads allocate all the time:
 * they may do whatever they may on libc alone. Run it behind `kill_if_hung`, which tells a deadlock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "fork_early.h"

enum { WORKERS = 3, FORKS = 60, OBJECTS = 48 };

static void churn(void) {
  for (size_t size = 8; size < 300000; size += size / 2 + 8) {
    void* objects[OBJECTS];
    const int count = size < 4000 ? OBJECTS : 3;
    for (int i = 0; i < count; ++i) objects[i] = memset(malloc(size), 1, size);
    for (int i = 0; i < count; ++i) free(opaque(objects[i]));
  }
}

static atomic_int stop;
static void (*work)(void) = churn;

static void* worker(void* argument) {
  while (!stop) work();
  return argument;
}

static int exit_code_of(pid_t child) {
  int status = 0;
  EXPECT(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void (*in_child)(void) = churn;

static void fork_once(void) {
  const pid_t child = fork();
  if (child == 0) {
    void (*const now)(void) = in_child;
    in_child = churn;
    now();
    _exit(verdict());
  }
  EXPECT(exit_code_of(child) == 0);
}

/* Handlers that allocate. */
static void allocating(void) { fork_early = (struct fork_early){churn, churn, churn, NULL}; }

/* Handlers that take a lock under which the workers allocate. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void lock(void) { pthread_mutex_lock(&mutex); }
static void unlock(void) { pthread_mutex_unlock(&mutex); }
static void churn_locked(void) {
  lock();
  churn();
  unlock();
  usleep(100); /* the mutex is not fair */
}
static void locking(void) {
  work = churn_locked;
  fork_early = (struct fork_early){lock, unlock, unlock, NULL};
}

/* Handlers that end a thread which allocates, and begin one. */
static pthread_t helper;
static atomic_int helper_stop;
static void* help(void* argument) {
  do churn();
  while (!helper_stop);
  return argument;
}
static void start_helper(void) {
  helper_stop = 0;
  EXPECT(pthread_create(&helper, NULL, help, NULL) == 0);
}
static void end_helper(void) {
  helper_stop = 1;
  EXPECT(pthread_join(helper, NULL) == 0);
}
static void restart_helper(void) {
  start_helper();
  end_helper();
}
static void threads(void) {
  start_helper();
  fork_early = (struct fork_early){end_helper, start_helper, restart_helper, NULL};
}

/* Handlers that load and unload a library which registers some of its own. */
static const char* plugin;
static void load(void) {
  void* handle = dlopen(plugin, RTLD_NOW);
  EXPECT(handle != NULL);
  if (handle != NULL) dlclose(handle);
}
static void loading(void) { fork_early = (struct fork_early){load, load, load, NULL}; }

/* Handlers that fork. */
static int depth;
static void fork_again(void) {
  if (depth++ == 0) fork_once();
  --depth;
}
static void nested(void) { fork_early = (struct fork_early){fork_again, fork_again, fork_again, NULL}; }

/* Handlers that flush streams whose writers allocate, as the workers do. */
static ssize_t write_with_malloc(void* cookie, const char* text, size_t size) {
  (void)cookie, (void)text;
  free(opaque(malloc(size * 3 + 100)));
  return (ssize_t)size;
}
static FILE* stream;
static void flush(void) {
  fputs("a line for the stream", stream);
  fflush(NULL);
}
static void flushing(void) {
  stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_with_malloc});
  work = flush;
  fork_early = (struct fork_early){churn, flush, flush, NULL};
}

/* Handlers are registered while the process forks, so many that the C library asks for memory to remember them. Each
 * time in a child of its own, since memory that it has is not asked for again. */
static atomic_int forking;
static void nothing(void) {}
static void announce(void) { forking = 1; }
static void* register_many(void* argument) {
  while (!forking) continue;
  for (int i = 0; i < 60; ++i) EXPECT(pthread_atfork(nothing, nothing, nothing) == 0);
  return argument;
}
static void fork_registering(void) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, register_many, NULL) == 0);
  usleep(100);
  fork_early.prepare = announce;
  fork_once();
  EXPECT(pthread_join(thread, NULL) == 0);
}
static void pause_shortly(void) { usleep(1000); }
static void registering(void) {
  work = pause_shortly;
  in_child = fork_registering;
}

/* The process ends, and its workers go on: a destructor that runs after the allocator's forks. */
static void fork_at_end(void) {
  for (int i = 0; i < FORKS; ++i) fork_once();
  if (expect_failures != 0) _exit(1);
}
static void ending(void) { fork_early = (struct fork_early){NULL, NULL, NULL, fork_at_end}; }

static const struct {
  const char* name;
  void (*set_up)(void);
} cases[] = {{"allocating", allocating}, {"locking", locking},   {"threads", threads},         {"loading", loading},
             {"nested", nested},         {"flushing", flushing}, {"registering", registering}, {"ending", ending}};

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  plugin = argv[2];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(argv[1], cases[i].name) == 0) cases[i].set_up();
  }
  pthread_t workers[WORKERS];
  for (int i = 0; i < WORKERS; ++i) EXPECT(pthread_create(&workers[i], NULL, worker, NULL) == 0);
  for (int i = 0; i < FORKS && fork_early.end == NULL; ++i) fork_once();
  if (fork_early.end != NULL) exit(verdict());
  fork_early = (struct fork_early){NULL, NULL, NULL, NULL};
  stop = helper_stop = 1;
  for (int i = 0; i < WORKERS; ++i) pthread_join(workers[i], NULL);
  return verdict();
}
