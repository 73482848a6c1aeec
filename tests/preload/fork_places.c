/* Forks in rare places: in a thread that has no cache any more, in signal handlers that interrupted malloc, among many
 * threads, without a key for thread-specific data. Run it behind `kill_if_hung`, which tells a deadlock. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

static void churn(void) {
  for (size_t size = 8; size < 100000; size += size / 2 + 8) {
    void* objects[40];
    const int count = size < 4000 ? 40 : 3;
    for (int i = 0; i < count; ++i) objects[i] = memset(malloc(size), 1, size);
    for (int i = 0; i < count; ++i) free(opaque(objects[i]));
  }
}

static void expect_end_of(pid_t child) {
  int status = 1;
  EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void fork_once(void) {
  const pid_t child = fork();
  if (child == 0) {
    churn();
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      churn();
      _exit(0);
    }
    expect_end_of(grandchild);
    _exit(verdict());
  }
  expect_end_of(child);
}

static atomic_int stop;
static int pause_us;
static void* work(void* argument) {
  while (!stop) {
    churn();
    usleep((useconds_t)pause_us);
  }
  return argument;
}

static void among_threads(int count, void (*body)(void)) {
  pthread_t* threads = malloc((size_t)count * sizeof *threads);
  for (int i = 0; i < count; ++i) EXPECT(pthread_create(&threads[i], NULL, work, NULL) == 0);
  body();
  stop = 1;
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  free(threads);
}

static void fork_twenty_times(void) {
  for (int i = 0; i < 20; ++i) fork_once();
}
static void many(void) {
  pause_us = 50000; /* or the forking thread gets one turn in 200 */
  among_threads(200, fork_twenty_times);
}

/* Destructors of thread-specific data come again as often as POSIX grants it: the last after the allocator's. */
static pthread_key_t key;
static void at_thread_end(void* round) {
  fork_once();
  if ((uintptr_t)round < PTHREAD_DESTRUCTOR_ITERATIONS) pthread_setspecific(key, (void*)((uintptr_t)round + 1));
  churn();
}
static void* short_thread(void* argument) {
  churn();
  pthread_setspecific(key, (void*)1);
  return argument;
}
static void end_ten_threads(void) {
  for (int i = 0; i < 10; ++i) {
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, short_thread, NULL) == 0);
    pthread_join(thread, NULL);
  }
}
static void ending_thread(void) {
  EXPECT(pthread_key_create(&key, at_thread_end) == 0);
  among_threads(2, end_ten_threads);
}

/* The handler forks wherever it interrupts its thread. The child of a process of one thread goes on from there. */
enum { SIGNALS = 300 };
static volatile sig_atomic_t forks_done, is_child, child_ends_at_once;
static void stay_in_malloc(void) {
  static char* objects[300];
  for (int i = 0; i < 300; ++i) *(objects[i] = malloc((size_t)(i % 8 + 1) * 4000)) = 1;
  for (int i = 0; i < 300; ++i) free(objects[i * 7 % 300]);
}
static void signal_soon(void) {
  const struct itimerval once = {{0, 0}, {0, 20 + forks_done * 7 % 400}};
  EXPECT(setitimer(ITIMER_REAL, &once, NULL) == 0);
}
static void fork_in_handler(int number) {
  (void)number;
  const pid_t child = fork();
  if (child == 0) {
    if (child_ends_at_once) _exit(0);
    is_child = 1;
    return;
  }
  expect_end_of(child);
  if (++forks_done < SIGNALS) signal_soon();
}
static void set_blocked(int how) {
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  EXPECT(pthread_sigmask(how, &alarms, NULL) == 0);
}
static void churn_under_signals(void) {
  const struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
  EXPECT(sigaction(SIGALRM, &action, NULL) == 0);
  signal_soon();
  while (forks_done < SIGNALS && !is_child) stay_in_malloc();
  if (is_child) {
    churn();
    _exit(verdict());
  }
}
static void churn_under_signals_alone(void) {
  set_blocked(SIG_UNBLOCK);
  churn_under_signals();
}
static void interrupted_thread(void) {
  child_ends_at_once = 1; /* all that POSIX grants there */
  set_blocked(SIG_BLOCK); /* in the other threads: two that fork in handlers may wait for each other in glibc */
  among_threads(3, churn_under_signals_alone);
}

/* No key is left when the allocator asks for its own. */
static int wants_keys;
static void take_keys(int argc, char** argv) {
  wants_keys = argc == 2 && strcmp(argv[1], "keyless") == 0;
  pthread_key_t taken;
  while (wants_keys && pthread_key_create(&taken, NULL) == 0) continue;
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(int, char**) = take_keys;
static void keyless(void) {
  pthread_key_t none;
  EXPECT(pthread_key_create(&none, NULL) != 0);
  among_threads(3, fork_twenty_times);
}

static const struct {
  const char* name;
  void (*run)(void);
} cases[] = {{"many", many},
             {"ending_thread", ending_thread},
             {"interrupted", churn_under_signals},
             {"interrupted_thread", interrupted_thread},
             {"keyless", keyless}};

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(argv[1], cases[i].name) == 0) cases[i].run();
  }
  return verdict();
}
