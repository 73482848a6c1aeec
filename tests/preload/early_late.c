/* malloc before main (preinit array, constructors of libraries and of the program) and after it (atexit, destructors).
 */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

const char* early_greeting(void);

static char* from_preinit;
static char* from_constructor;

static void at_preinit(void) {
  from_preinit = malloc(5000);
  memset(from_preinit, 'p', 5000);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = at_preinit;

__attribute__((constructor)) static void construct(void) {
  from_constructor = strdup("constructed");
  free(malloc(1 << 20));
}

static void at_exit(void) {
  EXPECT(from_preinit[4999] == 'p');
  from_preinit = realloc(from_preinit, 90000);
  EXPECT(from_preinit[4999] == 'p');
  free(opaque(malloc(100)));
}

__attribute__((destructor)) static void destroy(void) {
  EXPECT(strcmp(from_constructor, "constructed") == 0);
  free(from_constructor);
  free(from_preinit);
  for (size_t size = 1; size < 100000; size *= 2) free(opaque(calloc(1, size)));
  if (expect_failures != 0) _Exit(1);
}

int main(void) {
  EXPECT(atexit(at_exit) == 0);
  EXPECT(strcmp(early_greeting(), "made before main") == 0);
  EXPECT(strcmp(from_constructor, "constructed") == 0);
  return verdict();
}
