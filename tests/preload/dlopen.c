/* Plug-ins opened with RTLD_DEEPBIND and what else passes through dlopen: dlopen FOLDER, which holds copies of the
 * plug-in, and more of them in `mine` (the program's RUNPATH leads there) and `theirs` (that of dlopen_caller). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

void* opened_early(void);
void* open_for_library(const char* name);

int is_deep(void);
int is_deep(void) { return 0; } /* exported: plug-ins without RTLD_DEEPBIND are bound to it */

static const char* folder;
static int deep_stays; /* under another malloc than libneap, and where it was told to leave the flag */

static void* symbol(void* plugin, const char* name) {
  void* found = plugin != NULL ? dlsym(plugin, name) : NULL;
  if (found != NULL) return found;
  fprintf(stderr, "%s: %s\n", name, dlerror());
  exit(1);
}

static void* open_at(const char* name, int mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return dlopen(path, mode);
}

static int is_bound_deep(void* plugin) {
  int (*ask)(void) = NULL;
  *(void**)&ask = symbol(plugin, "plugin_is_deep");
  return ask();
}

static void check_heap_is_shared(void* plugin) {
  void* (*make)(size_t) = NULL;
  void (*end)(void*) = NULL;
  *(void**)&make = symbol(plugin, "plugin_make");
  *(void**)&end = symbol(plugin, "plugin_free");
  for (size_t size = 1; size < 4 << 20; size *= 3) {
    end(opaque(malloc(size)));
    free(opaque(make(size)));
    char* grown = opaque(realloc(make(size), size * 4));
    EXPECT(malloc_usable_size(grown) >= size * 4);
    end(grown);
  }
}

static void check_plugin(void* plugin) {
  EXPECT(is_bound_deep(plugin) == deep_stays);
  if (!deep_stays || getenv("NEAP_OPTIONS") == NULL) check_heap_is_shared(plugin);
}

/* Whose RUNPATH counts is told by the caller's address. */
static void check_callers(void) {
  check_plugin(dlopen("mine.so", RTLD_NOW | RTLD_DEEPBIND));
  EXPECT(dlopen("theirs.so", RTLD_NOW | RTLD_DEEPBIND) == NULL);
  check_plugin(open_for_library("theirs.so"));
  EXPECT(open_for_library("nobodys.so") == NULL);
}

static void check_modes(void) {
  void* self = dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND);
  EXPECT(symbol(self, "is_deep") == dlsym(RTLD_DEFAULT, "is_deep"));

  EXPECT(open_at("near.so", RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND) == NULL);
  void* plugin = open_at("near.so", RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND);
  check_plugin(plugin);
  EXPECT(open_at("near.so", RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND) == plugin);
  EXPECT(dlsym(RTLD_DEFAULT, "plugin_make") == NULL);
  EXPECT(open_at("near.so", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) == plugin);
  EXPECT(dlsym(RTLD_DEFAULT, "plugin_make") == symbol(plugin, "plugin_make"));
}

static void check_errors(void) {
  EXPECT(dlopen("/no/such/plugin.so", RTLD_NOW | RTLD_DEEPBIND) == NULL);
  EXPECT(strcmp(dlerror(), "/no/such/plugin.so: cannot open shared object file: No such file or directory") == 0);
  EXPECT(dlerror() == NULL);
  EXPECT(open_at("near.so", RTLD_DEEPBIND) == NULL);
  EXPECT(strstr(dlerror(), "invalid mode for dlopen()") != NULL);
}

static void check_dlmopen(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/other.so", folder);
  Lmid_t space = LM_ID_BASE;
  void* apart = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_DEEPBIND);
  EXPECT(apart != NULL && dlinfo(apart, RTLD_DI_LMID, &space) == 0 && space != LM_ID_BASE);
  EXPECT(is_bound_deep(apart) == 1);
  EXPECT(is_bound_deep(dlmopen(LM_ID_BASE, path, RTLD_NOW | RTLD_DEEPBIND)) == 1);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  deep_stays = getenv("NEAP_OPTIONS") != NULL || dlsym(RTLD_DEFAULT, "neap_version") == NULL;
  dlerror();
  check_plugin(opened_early());
  check_callers();
  check_modes();
  check_errors();
  check_dlmopen();
  return verdict();
}
