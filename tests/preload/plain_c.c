/* A C program stays a C program: preloading brings in neither libstdc++ nor anything else but libc. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

int main(void) {
  free(opaque(malloc(10)));
  char line[1000];
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps) != NULL) {
    EXPECT(strstr(line, "libstdc++") == NULL);
    EXPECT(strstr(line, "libgcc_s") == NULL);
  }
  fclose(maps);
  return verdict();
}
