/* A plug-in with fork handlers, which end when it is closed. */
#include <pthread.h>
#include <stdlib.h>

static void handle(void) { free(malloc(1000)); }

__attribute__((constructor)) static void begin(void) {
  if (pthread_atfork(handle, handle, handle) != 0) abort();
}
