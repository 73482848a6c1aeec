/* A hardened process makes more slabs and large objects than could each have a guard, and exchanges them at random; so
 * do its child and that one's child, which let all large objects grow, too. The system's own count of their mappings
 * stays below what is promised, and malloc does not fail. */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { PROMISED = 5000, LARGE = 5000, SMALL = 20000, ROUNDS = 8, STEPS = 5000, GENERATIONS = 2, GROWTHS = 4 };

static char* large[LARGE];
static char* small[SMALL]; /* 160 MiB, and as many slabs as 2,500 */
static uint64_t state = 88172645463325252u;

static size_t draw(size_t below) { /* xorshift */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (size_t)(state % below);
}

static int mappings(void) { /* without a call of malloc */
  static char text[1 << 16];
  const int maps = open("/proc/self/maps", O_RDONLY);
  int lines = 0;
  for (ssize_t got; (got = read(maps, text, sizeof text)) > 0;) {
    for (ssize_t i = 0; i < got; ++i) lines += text[i] == '\n';
  }
  close(maps);
  return lines;
}

static char* touched(void* object, size_t size) {
  if (object == NULL) abort();
  char* bytes = opaque(object);
  bytes[0] = bytes[size / 2] = bytes[size - 1] = 1;
  return bytes;
}

static size_t large_size(void) { return 33000 + draw(draw(8) == 0 ? 400000 : 60000); }
static size_t small_size(void) { return 1 + draw(16000); }

static void exchange(void) {
  const size_t size = large_size(), small_one = small_size();
  char** at = &large[draw(LARGE)];
  if (draw(6) == 0) {
    *at = touched(realloc(*at, size), size);
  } else {
    free(*at);
    *at = touched(malloc(size), size);
  }
  at = &small[draw(SMALL)];
  free(*at);
  *at = touched(malloc(small_one), small_one);
}

static int most;

static void look(void) {
  const int now = mappings();
  if (now > most) most = now;
}

static void make_all(void) {
  for (int i = 0; i < SMALL; ++i) {
    const size_t size = small_size();
    small[i] = touched(malloc(size), size);
    if (i % 2000 == 0) look();
  }
  for (int i = 0; i < LARGE; ++i) {
    const size_t size = large_size();
    large[i] = touched(malloc(size), size);
    if (i % 500 == 0) look();
  }
}

static void exchange_many(void) {
  for (int round = 0; round < ROUNDS; ++round) {
    for (int i = 0; i < STEPS; ++i) exchange();
    look();
  }
}

static void grow_all(void) {
  for (int i = 0; i < LARGE; ++i) {
    const size_t size = malloc_usable_size(large[i]) + 1 + draw(20000);
    large[i] = touched(realloc(large[i], size), size);
  }
  look();
}

int main(void) {
  make_all();
  exchange_many();
  int generation = 0;
  pid_t child = 0;
  for (; generation < GENERATIONS && (child = fork()) == 0; ++generation) {
    exchange_many();
    for (int round = 0; round < GROWTHS; ++round) grow_all();
  }
  for (int i = 0; i < LARGE; ++i) free(large[i]);
  for (int i = 0; i < SMALL; i += 2) free(small[i]);
  look();
  int status = 0;
  EXPECT(child == 0 || (waitpid(child, &status, 0) == child && status == 0));
  printf("most mappings of generation %d: %d\n", generation, most);
  EXPECT(most <= PROMISED);
  return verdict();
}
