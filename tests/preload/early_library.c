/* A library that allocates in its constructor and lives on that memory until its destructor. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static char* greeting;
static char* grown;

const char* early_greeting(void);
const char* early_greeting(void) { return greeting; }

__attribute__((constructor(101))) static void first(void) {
  greeting = malloc(64);
  strcpy(greeting, "made before main");
  grown = calloc(3, 100000);
}

__attribute__((destructor(101))) static void last(void) {
  EXPECT(strcmp(greeting, "made before main") == 0);
  grown = realloc(grown, 500000);
  EXPECT(grown != NULL && grown[0] == 0);
  free(greeting);
  free(grown);
  free(opaque(malloc(333)));
  if (expect_failures != 0) _Exit(1);
}
