/* diff-jobs: what swells a relay on glibc, an eighth of its size. Each second one of four workers compresses a
 * consensus diff: its buffers are large, short-lived and go back whole, while a small result stays. Under glibc each
 * worker's arena keeps them. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { workers = 4, results = 256, result_bytes = 3000, dictionary_bytes = 8 << 20 };
static const size_t buffers[] = {2200000, 1640000, 2190000};
enum { buffer_count = sizeof buffers / sizeof *buffers };

static void compress(char** results_of, unsigned job) {
  char* dictionary = malloc(dictionary_bytes); /* of which the compressor touches what it needs */
  if (dictionary == NULL) abort();
  memset(dictionary, 1, dictionary_bytes / 16);
  char* used[buffer_count];
  for (size_t i = 0; i < buffer_count; ++i) {
    used[i] = malloc(buffers[i]);
    if (used[i] == NULL) abort();
    memset(used[i], 1, buffers[i]);
  }
  char** place = &results_of[job % results];
  free(*place);
  *place = malloc(result_bytes);
  if (*place == NULL) abort();
  memset(*place, 1, result_bytes);
  for (size_t i = 0; i < buffer_count; ++i) free(used[i]);
  free(dictionary);
}

static void* work(void* number) {
  static char* kept[workers][results];
  const unsigned mine = *(const unsigned*)number;
  usleep(mine * 1000000);
  for (unsigned job = 0;; ++job) {
    compress(kept[mine], job);
    usleep(workers * 1000000);
  }
  return NULL;
}

int main(void) {
  static unsigned numbers[workers];
  pthread_t thread;
  signal(SIGINT, SIG_DFL); /* by which tor@.service stops; a shell has its background ignore it */
  for (unsigned i = 0; i < workers; ++i) {
    numbers[i] = i;
    if (pthread_create(&thread, NULL, work, &numbers[i]) != 0) abort();
  }
  pause();
}
