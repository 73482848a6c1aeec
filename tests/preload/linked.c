/* A program with the allocator linked in. Silent by itself; `linked euid` prints who it runs as. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

int main(int argc, char** argv) {
  for (size_t size = 1; size < 1 << 21; size *= 2) free(opaque(calloc(1, size)));
  if (argc == 2 && strcmp(argv[1], "euid") == 0) printf("%d\n", (int)geteuid());
  return verdict();
}
