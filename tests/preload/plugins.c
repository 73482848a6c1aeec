/* A C program without libstdc++ loads and unloads a C++ plugin, RTLD_LOCAL: plugins PATH. The plugin's operator new has
 * to throw through a libstdc++ that came in after the allocator, and objects outlive the plugin that made them. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static void* symbol(void* plugin, const char* name) {
  void* found = dlsym(plugin, name);
  EXPECT(found != NULL);
  if (found == NULL) exit(1);
  return found;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (int round = 0; round < 50; ++round) {
    void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    int (*count)(void) = NULL;
    int (*catches)(void) = NULL;
    char* (*make)(void) = NULL;
    void (*take)(char*) = NULL;
    *(void**)&count = symbol(plugin, "plugin_size");
    *(void**)&catches = symbol(plugin, "plugin_catches_bad_alloc");
    *(void**)&make = symbol(plugin, "plugin_makes_text");
    *(void**)&take = symbol(plugin, "plugin_takes_text");
    EXPECT(count() == 1000);
    EXPECT(catches() == 1);
    char* left = make();
    take(make());
    EXPECT(dlclose(plugin) == 0);
    EXPECT(strcmp(left, "made in the plugin") == 0);
    free(left); /* new[] and malloc share one heap here, as they do in glibc */
  }
  return verdict();
}
