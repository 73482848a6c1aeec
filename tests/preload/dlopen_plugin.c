/* A plug-in that allocates, and tells whose functions it is bound to: its own where it was opened with RTLD_DEEPBIND,
 * the program's without. */
#include <stdlib.h>

int is_deep(void);
int plugin_is_deep(void);
void* plugin_make(size_t size);
void plugin_free(void* object);

/* The program's says 0. Weak: a compiler would put the call's answer in its place. */
__attribute__((weak)) int is_deep(void) { return 1; }

int plugin_is_deep(void) { return is_deep(); }
void* plugin_make(size_t size) { return malloc(size); }
void plugin_free(void* object) { free(object); }
