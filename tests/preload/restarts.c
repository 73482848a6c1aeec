/* Threads that are interrupted all the time, by signals and by moves from CPU to CPU, three for each CPU and one whose
 * registration for restartable sequences is taken back before its first call. No object may be given to two of them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define HAS_RSEQ 1
#endif
#endif

#include "expect.h"

enum { MOST = 64, RING = 48, SIZES = 12, SECONDS = 2, LEAST = 1000 };
static atomic_int stop, wrong;

static void interrupted(int number) { (void)number; }

static void forget_registration(void) {
#ifdef HAS_RSEQ
  if (__rseq_size == 0) return;
  char* area = (char*)__builtin_thread_pointer() + __rseq_offset;
  EXPECT(syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0);
#endif
}

/* Each object is filled with its thread's mark while it is held. A thread that had no processor meanwhile, on a busy
 * machine, goes on until it has done its least. */
static void* work(void* argument) {
  const uint64_t mark = (uint64_t)(uintptr_t)argument;
  uint64_t *ring[RING] = {0}, done = 0;
  size_t words[RING] = {0};
  unsigned random = (unsigned)mark * 2654435761u;
  if (mark == 1) forget_registration();
  while (!stop || done < LEAST) {
    random = random * 1664525u + 1013904223u;
    const int at = (int)(random >> 16) % RING;
    for (size_t i = 0; i < words[at]; ++i) wrong += ring[at][i] != mark;
    free(ring[at]);
    words[at] = 1 + random % SIZES;
    ring[at] = malloc(words[at] * sizeof(uint64_t));
    for (size_t i = 0; i < words[at]; ++i) ring[at][i] = mark;
    ++done;
  }
  for (int at = 0; at < RING; ++at) free(ring[at]);
  return NULL;
}

static void disturb(pthread_t* threads, int count, int cpus) {
  time_t end = time(NULL) + SECONDS;
  for (unsigned step = 0; time(NULL) < end; ++step) {
    const int victim = (int)step % count;
    pthread_kill(threads[victim], SIGUSR1);
    if (step % 3 == 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET((step / 7) % (unsigned)cpus, &set);
      pthread_setaffinity_np(threads[victim], sizeof set, &set);
    }
    const struct timespec pause = {0, 20000};
    nanosleep(&pause, NULL);
  }
}

int main(void) {
  const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), wish = cpus * 3 + 1, count = wish < MOST ? wish : MOST;
  pthread_t threads[MOST];
  const struct sigaction action = {.sa_handler = interrupted, .sa_flags = SA_RESTART};
  EXPECT(sigaction(SIGUSR1, &action, NULL) == 0);
  for (int i = 0; i < count; ++i) EXPECT(pthread_create(&threads[i], NULL, work, (void*)(uintptr_t)(i + 1)) == 0);
  disturb(threads, count, cpus);
  stop = 1;
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  EXPECT(wrong == 0);
  return verdict();
}
