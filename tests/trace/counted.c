// counted N THREADS: each thread makes N mallocs, N/10 reallocs and N frees. Exits with 7.
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static void* work(void* argument) {
  const long rounds = (long)(intptr_t)argument;
  for (long i = 0; i < rounds; i++) {
    char* object = malloc((size_t)(100 + i % 50));
    if (i % 10 == 0) object = realloc(object, 500);
    object[0] = 1;
    free(object);
  }
  return NULL;
}

int main(int count, char** words) {
  if (count != 3) return 2;
  const int threads = atoi(words[2]);
  pthread_t thread[64];
  for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, work, (void*)(intptr_t)atol(words[1]));
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  return 7;
}
