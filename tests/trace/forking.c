// 1,000 mallocs of 77 bytes, then 20 children that make 1,000 mallocs of 33 bytes each, then 1,000 mallocs of 77 again.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void* keep[1000];

static void make(size_t bytes) {
  for (int i = 0; i < 1000; i++) keep[i] = malloc(bytes);
}

int main(void) {
  make(77);
  for (int i = 0; i < 20; i++) {
    const pid_t child = fork();
    if (child == 0) {
      make(33);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  make(77);
  return 0;
}
