/* malloc and its kin are no cancellation points: a thread that was cancelled comes through all of them, and ends where
 * it asks. */
#include <pthread.h>

#include "asks_system.h"

static int came_through;

static void* cancelled(void* unused) {
  (void)unused;
  pthread_cancel(pthread_self());
  ask_system();
  came_through = 1;
  pthread_testcancel();
  return NULL;
}

int main(void) {
  pthread_t thread;
  void* result = NULL;
  EXPECT(pthread_create(&thread, NULL, cancelled, NULL) == 0);
  EXPECT(pthread_join(thread, &result) == 0);
  EXPECT(came_through);
  EXPECT(result == PTHREAD_CANCELED);
  ask_system();
  return verdict();
}
