/* What a small process pays: it starts under a limit of 2 MiB on data (with the preloaded library in it, which ld.so
 * leaves out when it cannot be mapped), and has no huge page, where the system lays them for everybody too. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { OBJECTS = 4000 };

/* The sum of a field over all mappings, KiB; and whether any maps `library`. */
static long sum_of(const char* field, const char* library, int* mapped) {
  char line[4096];
  long sum = 0;
  FILE* smaps = fopen("/proc/self/smaps", "r");
  EXPECT(smaps != NULL);
  while (smaps != NULL && fgets(line, sizeof line, smaps) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) sum += strtol(line + strlen(field), NULL, 10);
    if (library != NULL && strstr(line, library) != NULL) *mapped = 1;
  }
  if (smaps != NULL) fclose(smaps);
  return sum;
}

int main(void) {
  void* objects[OBJECTS];
  for (size_t i = 0; i < OBJECTS; ++i) EXPECT((objects[i] = opaque(malloc(8 + i % 200))) != NULL);
  for (size_t i = 0; i < OBJECTS; ++i) free(objects[i]);
  int mapped = 0;
  const char* library = getenv("LD_PRELOAD"); /* the last that it names */
  for (const char* at = library; at != NULL && *at != '\0'; ++at) {
    if (*at == ':' || *at == ' ') library = at + 1;
  }
  EXPECT(sum_of("AnonHugePages:", library, &mapped) == 0);
  EXPECT(library == NULL || mapped);
  return verdict();
}
