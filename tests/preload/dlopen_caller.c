/* A library beside the program, initialised before a preloaded one, which opens plug-ins: in its constructor, and by a
 * bare name that only its own RUNPATH leads to. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

void* opened_early(void);
void* open_for_library(const char* name);

static void* early;

__attribute__((constructor(101))) static void at_start(void) {
  early = dlopen(getenv("EARLY_PLUGIN"), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}

void* opened_early(void) { return early; }

/* Not the last thing it does: the call has to return here. */
void* open_for_library(const char* name) {
  void* volatile found = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  return found;
}
